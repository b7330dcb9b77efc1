// What samples of one object share: #object=dog
const ObjectHeads = 12, Nearest = 8;

// Cosine of mean beta of every object with every other, row by row: of hundreds of objects it takes a while, once.
const cosines = once(() => {
  const means = objects().map(o => o.mean()), all = new Float64Array(means.length ** 2);
  means.forEach((a, r) => means.slice(r).forEach((b, k) => {
    all[r * means.length + r + k] = all[(r + k) * means.length + r] = cosineOf(a, b);
  }));
  return all;
});

const objectView = place => {
  const all = objects(), named = nameAlike(all.map(o => o.name), place.object);
  const here = all.findIndex(o => o.name === named), found = all[here];
  const chips = el('p', { class: 'chips' }, ...all.flatMap(o => [
    linkTo({ object: o.name }, called(o.name) + ' ' + o.samples.length), ' ']));
  if (!found) {
    return ['No such object', note('The objects of this report, by their number of samples:'), chips];
  }

  const mean = found.mean(), whole = index().mean;
  const others = all.filter(o => o !== found).flatMap(o => o.samples);
  const elsewhere = others.length ? meanBetaOf(others) : null;
  const heads = rankingOf(mean).slice(0, ObjectHeads);
  const names = all.map(o => o.name), values = cosines();
  const matrix = heatMap({
    rows: all.length,
    columns: all.length,
    values,
    most: 1,
    width: 420,
    names,
    name: 'Cosine of mean β between objects. Arrows move, Enter opens the object.',
    marked: names.map((_, c) => [here, c]),
    tip: (r, c) => names[r] + ' and ' + names[c] + '\ncosine = ' + fixed(values[r * all.length + c], 2)
      + '\n' + many(all[r].samples.length, 'sample') + ' and ' + all[c].samples.length,
    place: (r, c) => ({ object: names[c === here ? r : c] }),
  });
  const nearest = all.map((o, k) => ({ name: o.name, cosine: values[here * all.length + k] }))
    .filter((_, k) => k !== here)
    .sort(byValue(o => o.cosine, false))
    .slice(0, Nearest);
  return [called(found.name) + ', ' + many(found.samples.length, 'sample'),
    chips,
    el('div', { class: 'columns' },
      panel('Mean β', headMap(mean, 'mean β of ' + found.name), scaleNote(mean)),
      panel('Its strongest heads', el('table', {},
        el('thead', {}, el('tr', {}, el('th', {}, 'head'), el('th', { class: 'n' }, 'mean β'),
          el('th', { class: 'n' }, 'other objects'))),
        el('tbody', {}, ...heads.map(n => el('tr', {}, el('td', {}, headLink(n)),
          el('td', { class: 'n' }, fixed(mean[n], 3)),
          el('td', { class: 'n' }, elsewhere ? fixed(elsewhere[n], 3) : '–'))))),
      note('Cosine with the mean of all samples: ' + fixed(cosineOf(mean, whole), 2) + '.'))),
    all.length > 1 ? el('div', { class: 'columns' },
      panel('Objects against each other', matrix, note('Cosine of mean β, blue −1 to orange 1; framed: this object.')),
      panel('Nearest', el('table', {}, el('tbody', {}, ...nearest.map(({ name, cosine }) => el('tr', {},
        el('td', {}, objectLink(name)), el('td', { class: 'n' }, fixed(cosine, 2)))))))) : null,
    panel('Its samples', el('ul', { class: 'cards few' }, ...found.samples.map(i => card(i))))];
};
