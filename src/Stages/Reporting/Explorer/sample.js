// A sample, or two side by side: #sample=269&with=12&look=17.5
const SamplePictureWidth = 260;

// What may lie over the picture: its key in the address, its name, and what gives its values, null of none.
const looksOf = part => [
  part.weighted && { key: '', name: 'weighted attention w', values: () => coloursOf(part.weighted) },
  part.tokens && { key: 'beta', name: 'β of image tokens', values: () => coloursOf(part.tokens) },
  ...part.headsShown.map(n => (
    { key: nameOf(n), name: 'attention of ' + wordsOf(n), values: () => attentionOf(part, n) })),
  { key: 'none', name: 'the picture alone', values: () => null },
].filter(Boolean);

const pictureOf = (i, part, place) => {
  const looks = looksOf(part), holder = el('div', {});
  const start = looks.find(look => look.key === place.look) ?? looks[0];
  const fill = look =>
    holder.replaceChildren(pictureUnder(i, part, look.values(), look.name, SamplePictureWidth));
  fill(start);
  return panel('Picture', choice('over it', looks.map(look => [look.key, look.name]), start.key, key => {
    place.look = key;
    history.replaceState(null, '', address(place));
    fill(looks.find(look => look.key === key));
  }), holder);
};

const textOf = part => {
  const most = Math.max(0.01, ...part.text.map(t => t.delta));
  return panel('Text tokens', el('p', { class: 'tokens' }, ...part.text.map(token => {
    const strength = Math.round(70 * Math.max(0, token.delta) / most);
    return el('span', {
      class: token.important ? 'important' : '',
      style: 'background:color-mix(in srgb, var(--s14) ' + strength + '%, transparent)',
      tabindex: 0,
      'data-tip': 'δ = ' + fixed(token.delta, 3) + (token.important ? '\nin u*' : ''),
    }, token.text.replace(/\n/g, '↵'));
  })), note('Shaded by δ, up to ' + fixed(most, 3) + '; underlined: in u*.'));
};

const lensOf = part => panel('What its strongest heads write towards', el('table', { class: 'lens' }, el('tbody', {},
  ...part.lens.map(lens => el('tr', {}, el('td', {}, headLink(lens.head)), el('td', {},
    ...lens.words.flatMap((word, rank) => [
      el(rank === lens.target ? 'mark' : 'code', {}, word.trim() || '␣'), ' ',
    ])))))), note('Marked: the target token.'));

const sampleColumn = (i, place, part, alone) => {
  const sample = index().samples[i], beta = index().beta[i]();
  const about = el('div', {},
    el('p', { class: 'say q' }, sample.question), el('p', { class: 'say a' }, sample.answer),
    facts([
      ['object', objectLink(sample.object)],
      ['target token', '“' + sample.target + '”' + (sample.against ? ' against “' + sample.against + '”' : '')],
      ['f(1), heads intact', fixed(sample.intact, 2)],
      ['f(0), heads ablated', fixed(sample.ablated, 2)],
      ['fit R², ρ', fixed(sample.r2, 2) + ', ' + fixed(sample.rho, 2)],
      ['heads in x*', sample.needed === null ? 'not reached' : fixed(sample.needed, 0)],
      ['file', sample.file],
    ]));
  const pairs = [
    about,
    pictureOf(i, part, place),
    beta ? panel('β of its heads', headMap(beta, 'β'), scaleNote(beta)) : null,
    el('div', {}, part.text.length ? textOf(part) : null, part.lens.length ? lensOf(part) : null),
    ...part.curves.length ? [
      panel('Faithfulness: its k best heads alone', curves(part, 'faithful', index().faithfulness)),
      panel('Completeness: without them', curves(part, 'complete', index().completeness)),
    ] : [],
  ].filter(Boolean);
  return el('div', {}, el('div', { class: alone ? 'columns' : '' }, ...pairs),
    part.curves.length
      ? note('Curves are drawn at every k up to 32 and in steps of 4 % beyond; the table validation has all.') : null);
};

// What two samples share.
const difference = (a, b) => {
  const [one, other] = [a, b].map(i => index().beta[i]());
  if (!one || !other) {
    return note('One of the two has no regression.');
  }

  const values = Float32Array.from(other, (value, n) => value - one[n]);
  const [here, there] = [starOf(a), starOf(b)];
  const shared = here.filter(n => there.includes(n));
  const chance = here.length * there.length / index().count;
  return el('div', { class: 'columns' },
    panel('β of the second less the first', headMap(values, 'difference'),
      scaleNote(values, 'Orange: more in the second, blue: less', '|difference|')),
    panel('Shared heads', facts([
      ['cosine of β', fixed(cosineOf(one, other), 2)],
      ['in both x*', shared.length + ' of ' + here.length + ' and ' + there.length],
      ['by chance', fixed(chance, 1)],
    ]), el('ul', { class: 'heads' }, ...shared.slice(0, 20).map(n =>
      el('li', {}, headLink(n), ' β ' + fixed(one[n], 3) + ' and ' + fixed(other[n], 3))))));
};

const sampleView = async place => {
  const { samples, places } = index();
  const a = places.get(place.sample), b = places.get(place.with);
  if (a === undefined) {
    return ['No such sample', note('The samples of this report are under ', linkTo({ browse: '' }, 'browse'), '.')];
  }

  const shown = b === undefined || b === a ? [a] : [a, b];
  const loaded = await Promise.all(shown.map(partOf));
  const name = i => called(samples[i].answer) + ' · ' + samples[i].id;
  return [shown.map(name).join(' and '),
    el('p', { class: 'steps' },
      a > 0 ? linkTo({ sample: samples[a - 1].id, with: place.with }, '← previous') : null, ' ',
      a < samples.length - 1 ? linkTo({ sample: samples[a + 1].id, with: place.with }, 'next →') : null, ' ',
      choice('beside it', [['', 'nothing'], ...samples.map((s, i) => [s.id, name(i)])],
        shown[1] === undefined ? '' : place.with, value => go({ ...place, with: value }))),
    shown[1] === undefined ? null : difference(a, b),
    el('div', { class: shown.length > 1 ? 'two' : '' },
      ...shown.map((i, k) => sampleColumn(i, place, loaded[k], shown.length === 1)))];
};
