// Heat maps on canvases: thousands of cells as one element, which pointer and keys find by arithmetic.
const drawn = new Set(); // draws again when the theme changes

const inks = ramp => {
  const style = getComputedStyle(document.documentElement);
  const steps = ramp === 'd' ? 40 : 20;
  return Array.from({ length: steps + 1 }, (_, i) => style.getPropertyValue('--' + ramp + i).trim());
};

// Signed values run from -most to most, shares from 0 to most.
const inkOf = (colours, signed, value, most) => {
  const last = colours.length - 1;
  const at = most > 0 && Number.isFinite(value) ? Math.max(-1, Math.min(1, value / most)) : 0;
  return colours[Math.round(signed ? (at + 1) / 2 * last : Math.max(0, at) * last)];
};

// A scale that one odd cell cannot bleach: the 99.5th percentile of the sizes.
const mostOf = (...lists) => {
  const sizes = lists.flatMap(list => Array.from(list, Math.abs)).sort((a, b) => a - b);
  return sizes[Math.min(sizes.length - 1, Math.floor(0.995 * sizes.length))] || sizes[sizes.length - 1] || 0;
};

/*
 * options: rows, columns, values row by row, most, ramp ('d' signed, 's' shares), tip(r, c), place(r, c) where a click
 * leads, marked [[r, c], ...], name for screen readers, axes [rows' title, columns' title] or null, picture under it,
 * names of rows, width in pixels.
 */
const heatMap = options => {
  const { rows, columns, values, ramp = 'd', tip, place, name, axes = null, picture = null } = options;
  const signed = ramp === 'd';
  const most = options.most ?? mostOf(values);
  const left = options.names ? 96 : axes ? 34 : 0, below = axes ? 34 : 0, width = options.width ?? 340;
  const cell = picture ? (width - left) / columns : Math.max(1, Math.floor((width - left) / columns));
  const tall = picture ? cell : Math.max(1, Math.min(cell, Math.floor(420 / rows)));
  const size = { width: left + cell * columns, height: below + tall * rows };
  const canvas = el('canvas', { tabindex: 0, role: 'application', 'aria-label': name, class: place ? 'walks' : '' });
  canvas.style.width = size.width + 'px';
  let at = options.marked?.[0] ?? [0, 0];

  const draw = () => {
    const fine = devicePixelRatio || 1;
    canvas.width = Math.round(size.width * fine);
    canvas.height = Math.round(size.height * fine);
    const pen = canvas.getContext('2d');
    pen.scale(fine, fine);
    const colours = inks(ramp);
    const style = getComputedStyle(document.documentElement);
    const [ink, muted, paper] = ['--ink', '--muted', '--paper'].map(v => style.getPropertyValue(v).trim());
    if (picture) {
      pen.drawImage(picture, left, 0, cell * columns, tall * rows);
      pen.globalAlpha = 0.5;
      pen.fillStyle = paper;
      pen.fillRect(left, 0, cell * columns, tall * rows);
    }

    const gutter = !picture && cell >= 8 ? 1 : 0;
    for (let i = 0; i < values.length; i++) {
      pen.globalAlpha = picture ? Math.min(1, most > 0 ? Math.abs(values[i]) / most : 0) : 1;
      pen.fillStyle = inkOf(colours, signed, values[i], most);
      pen.fillRect(left + i % columns * cell, Math.floor(i / columns) * tall, cell - gutter, tall - gutter);
    }

    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    for (const [r, c] of options.marked ?? []) {
      pen.strokeRect(left + c * cell - 0.75, r * tall - 0.75, cell + 1, tall + 1);
    }

    if (axes) {
      axesOf(pen, muted);
    }

    // Names of rows, where they do not run into each other
    if (options.names && tall >= 11) {
      pen.fillStyle = muted;
      pen.font = Math.min(12, tall) + 'px system-ui, sans-serif';
      pen.textAlign = 'right';
      options.names.forEach((name, r) => pen.fillText(name, left - 5, (r + 0.5) * tall + 4, left - 6));
    }
  };

  const axesOf = (pen, ink) => {
    const every = (count, step) => [1, 2, 4, 8, 16, 32, 64].find(n => n * step >= 20) ?? 64;
    pen.fillStyle = ink;
    pen.font = '11px system-ui, sans-serif';
    pen.textAlign = 'right';
    for (let r = 0; r < rows; r += every(rows, tall)) {
      pen.fillText(r, left - 5, (r + 0.5) * tall + 4);
    }

    pen.textAlign = 'center';
    for (let c = 0; c < columns; c += every(columns, cell)) {
      pen.fillText(c, left + (c + 0.5) * cell, rows * tall + 13);
    }

    pen.fillText(axes[1], left + columns * cell / 2, rows * tall + 29);
    pen.save();
    pen.translate(9, rows * tall / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(axes[0], 0, 0);
    pen.restore();
  };

  const cellAt = event => {
    const box = canvas.getBoundingClientRect(), scale = size.width / box.width;
    const c = Math.floor(((event.clientX - box.left) * scale - left) / cell);
    const r = Math.floor((event.clientY - box.top) * scale / tall);
    return c >= 0 && c < columns && r >= 0 && r < rows ? [r, c] : null;
  };

  const tell = () => {
    const box = canvas.getBoundingClientRect(), scale = box.width / size.width;
    showTip(tip(...at), box.left + (left + (at[1] + 0.5) * cell) * scale, box.top + (at[0] + 0.5) * tall * scale);
  };

  canvas.addEventListener('pointermove', event => {
    const found = cellAt(event);
    if (found) {
      event.stopPropagation();
      showTip(tip(...found), event.clientX, event.clientY);
    }
  });
  canvas.addEventListener('pointerleave', hideTip);
  canvas.addEventListener('focus', () => canvas.matches(':focus-visible') && tell());
  canvas.addEventListener('blur', hideTip);
  canvas.addEventListener('click', event => {
    const found = cellAt(event);
    if (found && place) {
      go(place(...found));
    }
  });
  canvas.addEventListener('keydown', event => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step) {
      event.preventDefault();
      at = [Math.max(0, Math.min(rows - 1, at[0] + step[0])), Math.max(0, Math.min(columns - 1, at[1] + step[1]))];
      tell();
    } else if (event.key === 'Enter' && place) {
      go(place(...at));
    }
  });
  drawn.add(draw);
  draw();
  return canvas;
};

// A map of heads by layers; a click leads to the head.
const headMap = (values, name, options = {}) => heatMap({
  rows: index().layers,
  columns: index().heads,
  values,
  name: name + ', layers by heads. Arrows move, Enter opens the head.',
  axes: ['layer', 'head'],
  tip: (layer, head) =>
    'layer ' + layer + ', head ' + head + '\n' + name + ' = ' + fixed(values[layer * index().heads + head], 3),
  place: (layer, head) => ({ head: layer + '.' + head }),
  ...options,
});

const scaleNote = (values, signs = 'Orange raises f, blue lowers it', of = '|β|') => note(signs + '; colours run to ±'
  + fixed(mostOf(values), 3) + ', the 99.5th percentile of ' + of + '; what is beyond has the last colour.');

// Scores of image tokens over the picture of a sample.
const overlay = (part, values, name, width = 260) => {
  const holder = el('div', { class: 'overlay' });
  const image = new Image();
  image.onload = () => holder.append(heatMap({
    rows: part.rows,
    columns: part.columns,
    values,
    picture: image,
    width,
    name,
    tip: (r, c) => 'row ' + r + ', column ' + c + '\n' + name + ' = ' + values[r * part.columns + c].toPrecision(3),
  }));
  image.src = part.picture;
  return holder;
};

// Where a head looks in a sample; null where its attention is not kept.
const attentionOf = (part, n) => {
  const place = part.headsShown.indexOf(n);
  if (place < 0) {
    return null;
  }

  const cells = part.rows * part.columns;
  part.bytes ??= bytesOf(part.headAttention);
  return Float32Array.from(part.bytes.subarray(place * cells, (place + 1) * cells), v => v * part.headSteps[place]);
};
