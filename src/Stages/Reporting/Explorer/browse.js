// All samples, to sort, filter and search: #browse=dog&sort=r2&by=17.5&up=1&find=…
const pictureAdds = i => {
  const { intact, ablated } = index().samples[i];
  return intact === null || ablated === null ? null : intact - ablated;
};

// Ways to sort: title, a sample's value, and whether the least comes first where the address does not say.
const sorts = {
  order: { title: 'seed order', value: i => i, rises: true },
  needed: { title: 'heads in x*', value: i => index().samples[i].needed, rises: false },
  r2: { title: 'R² of the fit', value: i => index().samples[i].r2, rises: false },
  picture: { title: 'f(1) − f(0)', value: pictureAdds, rises: false },
  answer: { title: 'answer', value: i => index().samples[i].answer, rises: true },
};

// How a place sorts; a head that there is goes before the other ways.
const sortOf = place => {
  const n = numberOfHead(place.by);
  return n >= 0 ? { value: i => index().beta[i]()[n], rises: false }
    : Object.hasOwn(sorts, place.sort ?? '') ? sorts[place.sort]
    : sorts.order;
};

// From the least to the greatest: &up=1, and &up=0 the other way.
const rises = place => place.up ? place.up !== '0' : sortOf(place).rises;

const objectOf = place => nameAlike(index().samples.map(s => s.object), place.browse);

const listed = place => {
  const { samples, beta } = index();
  const object = objectOf(place);
  const find = (place.find ?? '').toLowerCase();
  const n = numberOfHead(place.by);
  return samples.map((_, i) => i).filter(i => {
    const s = samples[i];
    return (!place.browse || s.object === object) && (n < 0 || beta[i]())
      && [s.id, s.file, s.object, s.group, s.style, s.question, s.answer].some(t => t.toLowerCase().includes(find));
  }).sort(byValue(sortOf(place).value, rises(place)));
};

// By which head samples are sorted, in words, and what there is none of.
const byHead = place => {
  const n = numberOfHead(place.by);
  if (place.browse && !objectOf(place)) {
    return ', no object is ' + place.browse;
  }

  if (n < 0) {
    return place.by ? ', no head is ' + place.by : '';
  }

  return ', by β of ' + wordsOf(n) + ', the ' + (rises(place) ? 'least' : 'greatest') + ' first';
};

const card = (i, says) => {
  const sample = index().samples[i];
  const needed = sample.needed === null ? '' : ' · ' + fixed(sample.needed, Number.isInteger(sample.needed) ? 0 : 1)
    + (sample.needed === 1 ? ' head' : ' heads');
  return el('li', {}, sampleLink(i, thumbnail(i), el('b', {}, called(sample.answer))),
    el('span', {}, says ?? 'R² ' + fixed(sample.r2, 2) + needed));
};

const browseView = place => {
  const { samples, count } = index();
  const list = el('ul', { class: 'cards few' });
  const told = el('p', { class: 'files', 'aria-live': 'polite' });
  const up = el('input', { type: 'checkbox' });
  up.addEventListener('change', () => change({ up: up.checked ? '1' : '0' }));
  const fill = () => {
    const found = listed(place), n = numberOfHead(place.by);
    told.textContent = counted(found.length) + ' of ' + many(samples.length, 'sample') + byHead(place);
    up.checked = rises(place);
    list.replaceChildren(...found.map(i => card(i, n < 0 ? undefined : 'β ' + fixed(index().beta[i]()[n], 3))));
  };
  const change = changes => {
    Object.assign(place, changes);
    history.replaceState(null, '', address(place));
    fill();
  };
  const typed = (label, name, hint) => {
    const input = el('input', { type: 'search', value: place[name] ?? '', placeholder: hint });
    input.addEventListener('input', () => change({ [name]: input.value }));
    return el('label', {}, label + ' ', input);
  };
  const byBox = typed('or by β of head', 'by', '0.0 to ' + nameOf(count - 1));
  fill();
  return ['Samples',
    el('form', { class: 'controls', onsubmit: 'return false' },
      typed('find', 'find', 'id, file, question, answer'),
      choice('object', [['', 'all'], ...objects().map(o => [o.name, called(o.name) + ' (' + o.samples.length + ')'])],
        objectOf(place) ?? '', value => change({ browse: value })),
      choice('sort by', Object.entries(sorts).map(([key, sort]) => [key, sort.title]), place.sort ?? 'order',
        value => {
          byBox.querySelector('input').value = ''; // a head would go before
          change({ sort: value, by: '' });
        }),
      byBox,
      el('label', {}, up, ' ascending')),
    told, list];
};
