// A head: #head=17.5
const HeadPictures = 12, HeadPictureWidth = 170;

// The words that samples' lenses read from the head, by how often.
const lensWords = async (n, samples) => {
  const counts = new Map();
  let read = 0;
  for (const i of samples) {
    const lens = (await partOf(i)).lens.find(l => l.head === n);
    read += lens ? 1 : 0;
    for (const word of lens?.words ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }

  return { read, words: [...counts].sort((a, b) => b[1] - a[1]).slice(0, 20) };
};

const headPicture = (i, n) => {
  const beta = index().beta[i]()[n];
  const holder = el('div', { class: 'spot' });
  const item = el('li', {}, holder, sampleLink(i, el('b', {}, called(index().samples[i].answer))),
    el('span', {}, 'β ' + fixed(beta, 3) + (starOf(i).includes(n) ? ', in x*' : '')));
  whenSeen(holder, () => partOf(i).then(part => {
    const attention = attentionOf(part, n);
    holder.replaceChildren(pictureUnder(i, part, attention, 'attention', HeadPictureWidth));
    if (!attention) {
      item.append(el('span', {}, 'attention not on this page'));
    }
  }, error => holder.replaceChildren(note(error.message))));
  return item;
};

const neighbours = n => {
  const { heads, layers, ranking } = index();
  const rank = ranking.indexOf(n);
  const step = (label, to) => to === undefined ? null : linkTo({ head: nameOf(to) }, label);
  return el('p', { class: 'steps' },
    step('↑ rank ' + rank, ranking[rank - 1]), ' ', step('↓ rank ' + (rank + 2), ranking[rank + 1]), ' ',
    n % heads ? step('← head', n - 1) : null, ' ', n % heads < heads - 1 ? step('head →', n + 1) : null, ' ',
    n >= heads ? step('earlier layer', n - heads) : null, ' ',
    n < (layers - 1) * heads ? step('later layer', n + heads) : null);
};

// The interval stays on one line with its number.
const bracket = (low, high) => '\u00a0[' + fixed(low, 4) + ',\u00a0' + fixed(high, 4) + ']';

const inStars = share => {
  const having = index().samples.filter((sample, i) => index().fitted[i] && sample.needed !== null).length;
  return percent(share) + ' of the ' + many(having, 'sample') + ' that ' + (having === 1 ? 'has' : 'have') + ' one';
};

const headView = place => {
  const n = numberOfHead(place.head);
  const { mean, low, high, ranking, share, beta, alone, attention, samples, layers, heads } = index();
  if (n < 0) {
    return ['No such head', note('Heads are written as layer.head, from 0.0 to ' + nameOf(layers * heads - 1) + '.')];
  }

  const fitted = samples.map((_, i) => i).filter(i => beta[i]());
  const strongest = [...fitted].sort((a, b) => beta[b]()[n] - beta[a]()[n]);
  const words = panel('What it writes towards', note('reading …'));
  const answers = words.lastChild;
  whenSeen(words, () => lensWords(n, fitted).then(({ read, words: found }) => answers.replaceWith(read
    ? el('p', {}, ...found.flatMap(([word, times], at) =>
      [at > 0 ? ' · ' : '', el('code', {}, word.trim() || '␣'), '\u00a0' + times + '×']), ' ',
      el('span', { class: 'files' }, 'logit lens in the ' + many(read, 'sample') + ' where it is among those read'))
    : note('No lens reads it in these samples: it is among the strongest heads of none, or logit-lens was not run.')),
  error => answers.replaceWith(note(error.message))));
  const map = headMap(mean, 'mean β', { marked: [[Math.floor(n / heads), n % heads]] });
  return [wordsOf(n).replace('layer', 'Layer'),
    neighbours(n),
    el('div', { class: 'columns' },
      el('div', {}, facts([
        ['mean β', fixed(mean[n], 4) + (low ? bracket(low[n], high[n]) : '')],
        ['rank of ' + counted(index().count), String(ranking.indexOf(n) + 1)],
        ['in x* of', share ? inStars(share[n]) : null],
        ['ablated alone, mean 1 − φ', alone && isNumber(alone[n]) ? fixed(alone[n], 4) : null],
        ['image attention, mean', attention && isNumber(attention[n]) ? fixed(attention[n], 4) : null],
        ['β > 0 in', percent(meanOf(fitted.map(i => beta[i]()[n] > 0 ? 1 : 0))) + ' of ' + fitted.length],
      ]), el('p', {}, linkTo({ browse: '', by: nameOf(n) }, 'all samples by its β'))),
      panel('Among the heads', map, scaleNote(mean))),
    panel('β in every sample, by object', strip(n), note('A dot is a sample, the black line an object’s mean.')),
    panel('Where it matters most', note('The pictures with its largest β, and its attention over them: of the text '
      + 'tokens of u*, weighted by δ. Each map has its own scale. The page holds it for the strongest heads of a '
      + 'sample’s x*, and for the strongest on average in the samples where they matter most; the table '
      + 'head_attention has all of x*.'),
    el('ul', { class: 'cards spots' }, ...strongest.slice(0, HeadPictures).map(i => headPicture(i, n)))),
    words];
};
