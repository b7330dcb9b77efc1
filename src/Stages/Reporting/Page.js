// Tips, keys that hide a series, the theme switch, the place in the contents. The page is whole without it.
(() => {
  const root = document.documentElement;
  const tip = document.getElementById('tip');

  // Beside the pointer, and inside the window: below it where there is no room above.
  const show = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const top = y - box.height - 12;
    tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 4)) + 'px';
    tip.style.top = (top < 4 ? y + 18 : top) + 'px';
  };

  // The tip of the cell of a heat map at (x, y): one mark holds the values of all its cells, row by row.
  const cell = (mark, x, y) => {
    const values = mark.values || (mark.values = mark.dataset.cells.split(' '));
    const columns = +mark.dataset.columns;
    const rows = values.length / columns;
    const box = mark.getBoundingClientRect();
    const inside = (at, start, size, count) =>
      Math.min(count - 1, Math.max(0, Math.floor((at - start) / size * count)));
    const c = inside(x, box.left, box.width, columns);
    const r = inside(y, box.top, box.height, rows);
    const name = (names, i) => names ? names.split('|')[i] : i;
    // By functions: a text in their place would have its dollar signs read.
    return mark.dataset.tip
      .replace('{r}', () => name(mark.dataset.rows, r))
      .replace('{c}', () => name(mark.dataset.names, c))
      .replace('{v}', values[r * columns + c].replace('-', '\u2212'));
  };

  const point = event => {
    const mark = event.target.closest && event.target.closest('[data-tip]');
    if (!mark) {
      tip.hidden = true;
      return;
    }

    const { clientX: x, clientY: y } = event;
    show(mark.dataset.cells ? cell(mark, x, y) : mark.dataset.tip, x, y);
  };
  document.addEventListener('pointermove', point);
  document.addEventListener('pointerdown', point);

  document.addEventListener('click', event => {
    const key = event.target.closest && event.target.closest('[data-key]');
    if (!key) {
      return;
    }

    key.classList.toggle('off');
    const series = key.ownerSVGElement.querySelectorAll('[data-series="' + key.dataset.key + '"]');
    for (const part of series) {
      part.classList.toggle('off');
    }
  });

  document.getElementById('theme').addEventListener('click', () => {
    const chosen = root.dataset.theme;
    const dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });

  // Marks in the contents what stands in a band near the top of the window.
  const links = new Map([...document.querySelectorAll('nav a')].map(a => [a.hash.slice(1), a]));
  const seen = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        links.forEach(a => a.classList.remove('here'));
        links.get(entry.target.id).classList.add('here');
      }
    }
  }, { rootMargin: '-10% 0px -80% 0px' });
  for (const id of links.keys()) {
    const part = document.getElementById(id);
    if (part) {
      seen.observe(part);
    }
  }
})();
