// Small elements, and how addresses are written.
const { show: showTip, hide: hideTip } = window.pageTip;

const el = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) {
      made.setAttribute(name, value);
    }
  }

  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
};

const shape = (tag, attributes, ...children) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }

  made.append(...children);
  return made;
};

// Address of a place: #head=17.5, #sample=269&with=12, #object=dog, #browse=. What names it stays where it is empty.
const address = place => '#' + new URLSearchParams(
  Object.entries(place).filter(([name, value]) => value || name in views));
const linkTo = (place, ...children) => el('a', { href: address(place) }, ...children);
const go = place => location.hash = address(place);

// A link is nothing to follow without a text.
const called = text => text.trim() ? text : '(empty)';

const headLink = n => linkTo({ head: nameOf(n) }, wordsOf(n));
const sampleLink = (i, ...children) =>
  linkTo({ sample: index().samples[i].id }, ...(children.length ? children : [called(index().samples[i].answer)]));
const objectLink = name => linkTo({ object: name }, called(name));

const panel = (title, ...children) => el('section', { class: 'panel' }, el('h3', {}, title), ...children);
const note = (...children) => el('p', { class: 'files' }, ...children);

const facts = rows => {
  const list = el('dl', { class: 'facts' });
  for (const [name, value] of rows.filter(row => row[1] !== null && row[1] !== undefined && row[1] !== '')) {
    list.append(el('div', {}, el('dt', {}, name), el('dd', {}, value)));
  }

  return list;
};

const choice = (label, options, chosen, changed) => {
  const select = el('select', {}, ...options.map(([value, text]) => {
    const option = el('option', { value }, text);
    option.selected = value === chosen;
    return option;
  }));
  select.addEventListener('change', () => changed(select.value));
  return el('label', {}, label + ' ', select);
};

// A small picture of a sample, decoded when it comes into sight.
const sight = new IntersectionObserver(entries => {
  for (const entry of entries.filter(e => e.isIntersecting)) {
    sight.unobserve(entry.target);
    entry.target.look();
  }
}, { rootMargin: '200px' });

const whenSeen = (element, look) => {
  element.look = look;
  sight.observe(element);
  return element;
};

const thumbnail = i => {
  const sample = index().samples[i];
  const image = el('img', { alt: 'Picture ' + sample.file, width: 108, height: 108 });
  return whenSeen(image, () => partOf(i).then(part => {
    if (part.picture) {
      image.src = part.picture;
    }
  }, error => image.replaceWith(note(error.message))));
};
