// Which place the address names; the report itself has addresses without '='.
const views = { head: headView, sample: sampleView, object: objectView, browse: browseView };
const explorer = el('div', { id: 'explorer', hidden: '' });
document.querySelector('main').prepend(explorer);

let turn = 0; // a slow place does not overwrite a later one
let reportAt = 0; // how far the report was scrolled when it was left, to come back to

const placeOf = hash => {
  const place = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  return hash.includes('=') ? [place, Object.keys(views).find(name => name in place)] : [place, undefined];
};

const paths = () => el('p', { class: 'paths' },
  el('a', { href: '#summary' }, '← report'), ' ',
  linkTo({ browse: '' }, 'samples'), ' ',
  index().mean ? linkTo({ head: nameOf(index().ranking[0]) }, 'heads') : null, ' ',
  objects().length ? linkTo({ object: objects()[0].name }, 'objects') : null);

const isExploring = () => document.body.classList.contains('exploring');

const leave = () => {
  if (!isExploring()) {
    return;
  }

  document.body.classList.remove('exploring');
  explorer.hidden = true;
  const target = document.getElementById(location.hash.slice(1));
  if (target) {
    target.scrollIntoView();
  } else {
    scrollTo(0, reportAt);
  }
};

// Title and content of a place.
const contentOf = async (name, place) => {
  try {
    return await views[name](place);
  } catch (error) {
    return ['This place cannot be shown', note(error.message)];
  }
};

const show = ([title, ...content]) => {
  const heading = el('h2', { tabindex: -1 }, title);
  explorer.replaceChildren(paths(), heading, ...content.filter(Boolean));
  explorer.hidden = false;
  document.body.classList.add('exploring');
  hideTip();
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
};

const follow = async () => {
  const [place, name] = placeOf(location.hash);
  const mine = ++turn;
  if (!name) {
    leave();
    return;
  }

  if (!isExploring()) {
    reportAt = scrollY;
  }

  drawn.clear();
  const content = await contentOf(name, place);
  if (mine === turn) {
    show(content);
  }
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
  if (chosen) {
    root.dataset.theme = chosen;
  } else {
    delete root.dataset.theme;
  }

  drawn.forEach(draw => draw());
});

const contents = document.querySelector('nav > ol');
contents.prepend(el('li', {}, el('a', { href: '#browse=' }, 'Explore samples, heads, objects')));
follow();

// Read while nobody waits, so that the first click need not.
(window.requestIdleCallback ?? setTimeout)(index);
