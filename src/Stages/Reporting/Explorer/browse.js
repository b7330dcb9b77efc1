// All samples, to sort, filter and search: #browse=dog&sort=r2&by=17.5&find=…
const descending = value => (a, b) => value(b) - value(a);

// What is not known comes last.
const known = name => i => index().samples[i][name] ?? -Infinity;

const answerOf = i => index().samples[i].answer;

const pictureAdds = i => {
  const { intact, ablated } = index().samples[i];
  return intact === null || ablated === null ? -Infinity : intact - ablated;
};

// Ways to sort: title, and how two samples compare; null leaves the seed order.
const sorts = {
  order: { title: 'seed order', compare: null },
  needed: { title: 'heads in x*', compare: descending(known('needed')) },
  r2: { title: 'R² of the fit', compare: descending(known('r2')) },
  picture: { title: 'f(1) − f(0)', compare: descending(pictureAdds) },
  answer: { title: 'answer', compare: (a, b) => answerOf(a).localeCompare(answerOf(b)) },
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
  const compare = n < 0 ? sorts[place.sort]?.compare : descending(i => beta[i]()[n]);
  if (compare) {
    found.sort(compare);
  }

  return place.up ? found.reverse() : found;
};

// By which head samples are sorted, in words.
const byHead = place => {
  const n = numberOfHead(place.by);
  if (n < 0) {
    return place.by ? ', no head is ' + place.by : '';
  }

  return ', by β of ' + wordsOf(n) + ', the ' + (place.up ? 'least' : 'greatest') + ' first';
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
    told.textContent = found.length + ' of ' + many(samples.length, 'sample') + byHead(place);
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
      choice('sort by', Object.entries(sorts).map(([key, sort]) => [key, sort.title]), place.sort ?? 'order',
        value => change({ sort: value })),
      typed('or by β of head', 'by', '0.0 to ' + nameOf(count - 1)),
      el('label', {}, up, ' ascending')),
    told, list];
};
