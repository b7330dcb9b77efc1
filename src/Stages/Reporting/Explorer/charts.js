// Charts of lines and dots, as SVG.
const scaleOf = (low, high, from, to) => value => from + (value - low) / (high - low || 1) * (to - from);

const ticksOf = (low, high, count = 5) => {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) {
    ticks.push(+tick.toFixed(10));
  }

  return ticks;
};

// beta of a head over samples, a row an object; a dot leads to its sample.
const strip = n => {
  const rows = objects().map(object => ({
    ...object,
    values: object.samples.map(i => ({ i, beta: index().beta[i]()[n] })).sort(byValue(v => v.beta, true)), // as keys go
  })).sort((a, b) => meanOf(b.values.map(v => v.beta)) - meanOf(a.values.map(v => v.beta)));
  const all = rows.flatMap(row => row.values.map(v => v.beta));
  const low = Math.min(0, ...all), high = Math.max(0.01, ...all);
  const left = 118, step = 20, width = 660, height = rows.length * step + 40;
  const x = scaleOf(low, high, left + 10, width - 16);
  const chart = shape('svg', { viewBox: '0 0 ' + width + ' ' + height, class: 'chart', role: 'group',
    'aria-label': 'β of ' + wordsOf(n) + ' in every sample, by object' });
  for (const tick of ticksOf(low, high)) {
    chart.append(
      shape('line', { x1: x(tick), x2: x(tick), y1: 0, y2: rows.length * step, class: tick ? 's-rule' : 's-muted' }),
      shape('text', { x: x(tick), y: rows.length * step + 15, 'text-anchor': 'middle' }, fixed(tick, 2)));
  }

  chart.append(shape('text', { x: x((low + high) / 2), y: height - 4, 'text-anchor': 'middle' }, 'β'));
  rows.forEach((row, place) => {
    const y = (place + 0.5) * step;
    const name = [...row.name].length > 15 ? [...row.name].slice(0, 14).join('') + '…' : called(row.name);
    chart.append(shape('a', { href: address({ object: row.name }) },
      shape('text', { x: left, y: y + 4, 'text-anchor': 'end', class: 'f-ink' }, name)));
    const mean = meanOf(row.values.map(v => v.beta));
    chart.append(shape('line', { x1: x(mean), x2: x(mean), y1: y - 8, y2: y + 8, class: 's-ink', 'stroke-width': 2 }));
    for (const { i, beta } of row.values) {
      const dot = shape('circle', { cx: x(beta), cy: y, r: 4.5, class: 'f-c1', 'fill-opacity': 0.6,
        'data-tip': index().samples[i].answer + ', sample ' + index().samples[i].id + '\nβ = ' + fixed(beta, 3) });
      chart.append(shape('a', { href: address({ sample: index().samples[i].id }) }, dot));
    }
  });
  return chart;
};

// Faithfulness or completeness of a sample by ranking, over a logarithmic axis.
const curves = (part, quantity, threshold) => {
  const width = 350, height = 220, left = 34, right = width - 104, bottom = height - 34;
  const most = Math.max(1, ...part.curves.flatMap(c => c.k));
  const all = part.curves.flatMap(c => c[quantity]).filter(Number.isFinite);
  const low = Math.min(0, ...all), high = Math.max(1, ...all);
  const x = scaleOf(0, Math.log(most), left, right), y = scaleOf(low, high, bottom, 8);
  const title = quantity === 'faithful' ? 'faithfulness(k)' : 'completeness(k)';
  const chart = shape('svg', { viewBox: '0 0 ' + width + ' ' + height, class: 'chart', role: 'img',
    'aria-label': title + ' by number of heads k' });
  for (const tick of ticksOf(low, high, 4)) {
    chart.append(shape('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), class: 's-rule' }),
      shape('text', { x: left - 5, y: y(tick) + 4, 'text-anchor': 'end' }, fixed(tick, 1)));
  }

  for (let k = 1; k <= most; k *= most > 100 ? 4 : 2) {
    chart.append(shape('text', { x: x(Math.log(k)), y: bottom + 15, 'text-anchor': 'middle' }, String(k)));
  }

  chart.append(
    shape('line', { x1: left, x2: right, y1: y(threshold), y2: y(threshold), class: 's-muted',
      'stroke-dasharray': '4 4' }),
    shape('text', { x: (left + right) / 2, y: height - 3, 'text-anchor': 'middle' }, 'heads, k'));
  const ends = part.curves.map((curve, place) => ({
    curve,
    place,
    points: curve.k.map((k, i) => [k, curve[quantity][i]]).filter(p => p[0] > 0 && Number.isFinite(p[1])),
  }))
    .filter(end => end.points.length)
    .map(end => ({ ...end, y: y(end.points.at(-1)[1]) }))
    .sort((a, b) => a.y - b.y);
  // Labels at the lines' ends, apart from each other and inside the chart.
  const apart = 13;
  ends.forEach((end, i) => end.at = Math.max(end.y, i ? ends[i - 1].at + apart : 0));
  ends.reduceRight((below, end) => end.at = Math.min(end.at, below - apart), bottom + apart);
  for (const { curve, place, points, at } of ends) {
    const criterion = index().criteria.find(c => c.name === curve.criterion);
    chart.append(shape('path', { class: 's-' + criterion.ink, fill: 'none', 'stroke-width': 2,
      'stroke-dasharray': ['none', '7 3', '2 3', '9 3 2 3', '4 2'][place % 5],
      d: 'M' + points.map(([k, value]) => x(Math.log(k)).toFixed(1) + ' ' + y(value).toFixed(1)).join('L') }));
    chart.append(shape('text', { x: right + 5, y: at + 4, class: 'f-' + criterion.ink },
      criterion.title));
  }

  return chart;
};
