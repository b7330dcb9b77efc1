// All samples, to sort, filter and search: #browse=dog&sort=r2&by=17.5&find=…
const sorts = () => {
  const { samples } = index();
  const value = name => i => samples[i][name] ?? -Infinity;
  return {
    order: ['seed order', null],
    needed: ['heads in x*', value('needed')],
    r2: ['R² of the fit', value('r2')],
    picture: ['f(1) − f(0)', i => {
      const { intact, ablated } = samples[i];
      return intact === null || ablated === null ? -Infinity : intact - ablated;
    }],
    answer: ['answer', null],
  };
};

const numberOfHead = text => {
  const [, layer, head] = (/^\s*(\d+)\.(\d+)\s*$/.exec(text ?? '') ?? []).map(Number);
  const { layers, heads } = index();
  return layer < layers && head < heads ? layer * heads + head : -1;
};

const listed = place => {
  const { samples, beta } = index();
  const find = (place.find ?? '').toLowerCase();
  const n = numberOfHead(place.by);
  const found = samples.map((_, i) => i).filter(i => {
    const s = samples[i];
    return (!place.browse || s.object === place.browse) && (n < 0 || beta[i]())
      && [s.id, s.file, s.object, s.group, s.style, s.question, s.answer].some(t => t.toLowerCase().includes(find));
  });
  const value = sorts()[place.sort]?.[1];
  if (n >= 0) {
    found.sort((a, b) => beta[b]()[n] - beta[a]()[n]);
  } else if (place.sort === 'answer') {
    found.sort((a, b) => samples[a].answer.localeCompare(samples[b].answer));
  } else if (value) {
    found.sort((a, b) => value(b) - value(a));
  }

  return place.up ? found.reverse() : found;
};

const card = (i, says) => {
  const sample = index().samples[i];
  const needed = sample.needed === null ? '' : ' · ' + fixed(sample.needed, Number.isInteger(sample.needed) ? 0 : 1)
    + ' heads';
  return el('li', {}, sampleLink(i, thumbnail(i), el('b', {}, called(sample.answer))),
    el('span', {}, says ?? 'R² ' + fixed(sample.r2, 2) + needed));
};

const browseView = place => {
  const { samples, count } = index();
  const list = el('ul', { class: 'cards few' });
  const told = el('p', { class: 'files', 'aria-live': 'polite' });
  const fill = () => {
    const found = listed(place), n = numberOfHead(place.by);
    told.textContent = found.length + ' of ' + many(samples.length, 'sample')
      + (n < 0 ? place.by ? ', no head is ' + place.by : '' : ', by β of ' + wordsOf(n) + (place.up ? ', the least first' : ', the greatest first'));
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
  const up = el('input', { type: 'checkbox' });
  up.checked = !!place.up;
  up.addEventListener('change', () => change({ up: up.checked ? '1' : '' }));
  fill();
  return ['Samples',
    el('form', { class: 'controls', onsubmit: 'return false' },
      typed('find', 'find', 'id, file, question, answer'),
      choice('object', [['', 'all'], ...objects().map(o => [o.name, called(o.name) + ' (' + o.samples.length + ')'])],
        place.browse ?? '', value => change({ browse: value })),
      choice('sort by', Object.entries(sorts()).map(([key, [text]]) => [key, text]), place.sort ?? 'order',
        value => change({ sort: value })),
      typed('or by β of head', 'by', '0.0 to ' + nameOf(count - 1)),
      el('label', {}, up, ' ascending')),
    told, list];
};
