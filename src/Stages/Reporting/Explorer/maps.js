// Heat maps on canvases: thousands of cells as one element, which pointer and keys find by arithmetic.
const drawn = new Set(); // draws again when the theme changes

// Pixels of the page.
const MapWidth = 340,
  MapHeight = 420, // at most
  NamesRoom = 96, // at the left, for names of rows
  AxisRoom = 34, // at the left and below, for numbers and titles
  GutterFrom = 8, // smaller cells stand without gutters
  NamesFrom = 11, // lower rows have no room for names
  NumbersApart = 20,
  Steps = 40; // of the ramp of signed values, --d0 to --d40

const Veil = 0.5; // of paper over a picture, so that scores are seen upon it

const Percentile = 0.99;

// Where colours end, as in the figures (SignedScale): at the nearest rank of the percentile of the sizes.
const mostOf = values => {
  const sizes = Float64Array.from(values, Math.abs).sort();
  return sizes[Math.ceil(Percentile * sizes.length) - 1] || sizes.at(-1) || 0;
};

// Colours from -most to most.
const inkOf = (colours, value, most) => {
  const at = most > 0 && Number.isFinite(value) ? Math.max(-1, Math.min(1, value / most)) : 0;
  return colours[Math.round((at + 1) / 2 * Steps)];
};

const inksOfPage = () => {
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue('--' + name).trim();
  return {
    colours: Array.from({ length: Steps + 1 }, (_, i) => read('d' + i)),
    ink: read('ink'),
    muted: read('muted'),
    paper: read('paper'),
  };
};

// Where the cells stand and how large they are; over a picture they fill it, else they are whole pixels. The last cells
// of a map that is fewer cells wide or high than it has columns or rows end where it does.
const sizesOf = ({ rows, columns, wide = columns, high = rows, picture, axes, names, width = MapWidth }) => {
  const left = names ? NamesRoom : axes ? AxisRoom : 0, below = axes ? AxisRoom : 0;
  const cell = picture ? (width - left) / wide : Math.max(1, Math.floor((width - left) / wide));
  const tall = picture ? cell : Math.max(1, Math.min(cell, Math.floor(MapHeight / high)));
  const right = left + cell * wide, bottom = tall * high;
  return { left, cell, tall, right, bottom, width: right, height: bottom + below };
};

// Left, top, width and height of a cell.
const boxOf = ([r, c], { left, cell, tall, right, bottom }) => {
  const x = left + c * cell, y = r * tall;
  return [x, y, Math.min(cell, right - x), Math.min(tall, bottom - y)];
};

const paintCells = (pen, { columns, values, most, picture }, sizes, colours) => {
  const { cell } = sizes;
  const gutter = !picture && cell >= GutterFrom ? 1 : 0;
  values.forEach((value, i) => {
    pen.globalAlpha = picture ? Math.min(1, most > 0 ? Math.abs(value) / most : 0) : 1;
    pen.fillStyle = inkOf(colours, value, most);
    const [x, y, across, down] = boxOf([Math.floor(i / columns), i % columns], sizes);
    pen.fillRect(x, y, across - gutter, down - gutter);
  });
  pen.globalAlpha = 1;
};

const paintPicture = (pen, { picture }, { left, right, bottom }, paper) => {
  pen.drawImage(picture, left, 0, right - left, bottom);
  pen.globalAlpha = Veil;
  pen.fillStyle = paper;
  pen.fillRect(left, 0, right - left, bottom);
};

const paintFrames = (pen, { marked }, { left, cell, tall }, ink) => {
  pen.strokeStyle = ink;
  pen.lineWidth = 1.5;
  for (const [r, c] of marked) {
    pen.strokeRect(left + c * cell + 0.75, r * tall + 0.75, cell - 1.5, tall - 1.5); // none is cut at the map's edge
  }
};

const paintAxes = (pen, { rows, columns, axes }, { left, cell, tall }, ink) => {
  const every = size => [1, 2, 4, 8, 16, 32].find(n => n * size >= NumbersApart) ?? 64;
  pen.fillStyle = ink;
  pen.font = '11px system-ui, sans-serif';
  pen.textAlign = 'right';
  for (let r = 0; r < rows; r += every(tall)) {
    pen.fillText(r, left - 5, (r + 0.5) * tall + 4);
  }

  pen.textAlign = 'center';
  for (let c = 0; c < columns; c += every(cell)) {
    pen.fillText(c, left + (c + 0.5) * cell, rows * tall + 13);
  }

  pen.fillText(axes[1], left + columns * cell / 2, rows * tall + 29);
  pen.save();
  pen.translate(9, rows * tall / 2);
  pen.rotate(-Math.PI / 2);
  pen.fillText(axes[0], 0, 0);
  pen.restore();
};

const paintNames = (pen, { names }, { left, tall }, ink) => {
  pen.fillStyle = ink;
  pen.font = Math.min(12, tall) + 'px system-ui, sans-serif';
  pen.textAlign = 'right';
  names.forEach((row, r) => pen.fillText(row, left - 5, (r + 0.5) * tall + 4, left - 6));
};

const paint = (canvas, map, sizes) => {
  const fine = devicePixelRatio || 1;
  canvas.width = Math.round(sizes.width * fine);
  canvas.height = Math.round(sizes.height * fine);
  const pen = canvas.getContext('2d');
  pen.scale(fine, fine);
  const { colours, ink, muted, paper } = inksOfPage();
  if (map.picture) {
    paintPicture(pen, map, sizes, paper);
  }

  paintCells(pen, map, sizes, colours);
  paintFrames(pen, map, sizes, ink);
  if (map.axes) {
    paintAxes(pen, map, sizes, muted);
  }

  if (map.names && sizes.tall >= NamesFrom) {
    paintNames(pen, map, sizes, muted);
  }
};

// The pointer tells cells and opens them; arrows move among them, from the first that is marked, and Enter opens.
const walk = (canvas, { rows, columns, marked, tip, place }, sizes) => {
  const { left, cell, tall, width } = sizes;
  let at = marked[0] ?? [0, 0];
  const cellAt = event => {
    const box = canvas.getBoundingClientRect(), scale = width / box.width;
    const c = Math.floor(((event.clientX - box.left) * scale - left) / cell);
    const r = Math.floor((event.clientY - box.top) * scale / tall);
    return c >= 0 && c < columns && r >= 0 && r < rows ? [r, c] : null;
  };
  const tell = () => {
    const box = canvas.getBoundingClientRect(), scale = box.width / width;
    const [x, y, across, down] = boxOf(at, sizes);
    showTip(tip(...at), box.left + (x + across / 2) * scale, box.top + (y + down / 2) * scale);
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
};

/*
 * options: rows, columns, values row by row, most, tip(r, c), place(r, c) where a click leads, marked [[r, c], ...],
 * name for screen readers, axes [rows' title, columns' title] or null, picture under it, names of rows, width in
 * pixels; wide and high in cells, where the last column or row is less than one.
 */
const heatMap = options => {
  const map = { marked: [], ...options, most: options.most ?? mostOf(options.values) };
  const sizes = sizesOf(map);
  const canvas = el('canvas',
    { tabindex: 0, role: 'application', 'aria-label': map.name, class: map.place ? 'walks' : '' });
  canvas.style.width = sizes.width + 'px';
  walk(canvas, map, sizes);
  const draw = () => paint(canvas, map, sizes);
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

// What the colours are, and where they end where some values lie beyond.
const scaleNote = (values, signs = 'Orange raises f, blue lowers it', of = '|β|') => {
  const most = mostOf(values), beyond = values.filter(value => Math.abs(value) > most).length;
  return note(signs + '; colours run to ±' + fixed(most, 3) + (beyond
    ? ', the ' + fixed(100 * Percentile, 0) + 'th percentile of ' + of + '; ' + many(beyond, 'cell') + ' beyond it '
      + (beyond === 1 ? 'has' : 'have') + ' the same colour.'
    : '.'));
};

// Which image tokens a cell is of, along one side of their grid: the first and the last.
const spanOf = (cell, side, tokens) => [cell * side, Math.min(tokens, (cell + 1) * side) - 1];

const spanNamed = (noun, [from, to]) => from === to ? noun + ' ' + from : noun + 's ' + from + ' to ' + to;

// The tokens of a cell in words: "row 3, column 4", or where they are several their mean.
const tokensNamed = ({ side, tokenRows, tokenColumns }, r, c) => {
  const down = spanOf(r, side, tokenRows), across = spanOf(c, side, tokenColumns);
  const [high, wide] = [down, across].map(([from, to]) => to - from + 1);
  return spanNamed('row', down) + ', ' + spanNamed('column', across)
    + (high * wide > 1 ? '\nmean of ' + high + ' × ' + wide + ' tokens' : '');
};

// Scores of image tokens over the picture of a sample.
const overlay = (part, values, name, width) => {
  const holder = el('div', { class: 'overlay' });
  const image = new Image(), decimals = decimalsOf(values);
  image.onload = () => holder.append(heatMap({
    rows: part.rows,
    columns: part.columns,
    wide: part.tokenColumns / part.side,
    high: part.tokenRows / part.side,
    values,
    picture: image,
    width,
    name,
    tip: (r, c) => tokensNamed(part, r, c) + '\n' + name + ' = ' + fixed(values[r * part.columns + c], decimals),
  }));
  image.src = part.picture;
  return holder;
};

// The picture of a sample, under such scores where there are some.
const pictureUnder = (i, part, values, name, width) => {
  if (!part.picture) {
    return note('no picture');
  }

  return values
    ? overlay(part, values, name, width)
    : el('img', { src: part.picture, alt: 'Picture ' + index().samples[i].file, width });
};

// Where a head looks in a sample; null where its attention is not on the page.
const attentionOf = (part, n) => {
  const place = part.headsShown.indexOf(n);
  if (place < 0) {
    return null;
  }

  const cells = part.rows * part.columns;
  part.bytes ??= bytesOf(part.headAttention);
  return Float32Array.from(part.bytes.subarray(place * cells, (place + 1) * cells), v => v * part.headSteps[place]);
};
