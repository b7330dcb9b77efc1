// Which place the address names; the report itself has addresses without '='.
const views = { head: headView, sample: sampleView, object: objectView, browse: browseView };
const explorer = el('div', { id: 'explorer', hidden: '' });
document.querySelector('main').prepend(explorer);

let turn = 0; // a slow place does not overwrite a later one
let reportAt = 0;

const placeOf = hash => {
  const place = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  return hash.includes('=') ? [place, Object.keys(views).find(name => name in place)] : [place, undefined];
};

const paths = () => el('p', { class: 'paths' },
  el('a', { href: '#summary' }, '← report'), ' ',
  linkTo({ browse: '' }, 'samples'), ' ',
  index().mean ? linkTo({ head: nameOf(index().ranking[0]) }, 'heads') : null, ' ',
  objects().length ? linkTo({ object: objects()[0].name }, 'objects') : null);

const follow = async () => {
  const [place, name] = placeOf(location.hash);
  const mine = ++turn;
  const exploring = document.body.classList.contains('exploring');
  if (!name) {
    if (exploring) {
      document.body.classList.remove('exploring');
      explorer.hidden = true;
      const target = document.getElementById(location.hash.slice(1));
      target ? target.scrollIntoView() : scrollTo(0, reportAt);
    }

    return;
  }

  if (!exploring) {
    reportAt = scrollY;
  }

  let title, content;
  drawn.clear();
  try {
    [title, ...content] = await views[name](place);
  } catch (error) {
    [title, ...content] = ['This place cannot be shown', note(error.message)];
  }

  if (mine !== turn) {
    return;
  }

  const heading = el('h2', { tabindex: -1 }, title);
  explorer.replaceChildren(paths(), heading, ...content.filter(Boolean));
  explorer.hidden = false;
  document.body.classList.add('exploring');
  hideTip();
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
};

const redraw = () => requestAnimationFrame(() => drawn.forEach(draw => draw()));
document.getElementById('theme').addEventListener('click', redraw);
matchMedia('(prefers-color-scheme:dark)').addEventListener('change', redraw);
addEventListener('hashchange', follow);

// On paper maps are light, as all else there is.
const root = document.documentElement;
let chosen;
addEventListener('beforeprint', () => {
  chosen = root.dataset.theme;
  root.dataset.theme = 'light';
  drawn.forEach(draw => draw());
});
addEventListener('afterprint', () => {
  chosen ? root.dataset.theme = chosen : delete root.dataset.theme;
  drawn.forEach(draw => draw());
});

const contents = document.querySelector('nav > ol');
contents.prepend(el('li', {}, el('a', { href: '#browse=' }, 'Explore samples, heads, objects')));
follow();

// Read while nobody waits, so that the first click need not.
(window.requestIdleCallback ?? setTimeout)(index);
