// Tips, keys that hide a series, ways by keyboard, the theme switch, the place in the contents. The page is whole without it.
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

  const hide = () => tip.hidden = true;

  // A heat map is one mark that holds the values of all its cells, row by row.
  const grid = mark => {
    const values = mark.values || (mark.values = mark.dataset.cells.split(' '));
    const columns = +mark.dataset.columns;
    return { values, columns, rows: values.length / columns };
  };

  // Row and column of the cell of a heat map at (x, y).
  const cellAt = (mark, x, y) => {
    const { columns, rows } = grid(mark);
    const box = mark.getBoundingClientRect();
    const inside = (at, start, size, count) =>
      Math.min(count - 1, Math.max(0, Math.floor((at - start) / size * count)));
    return [inside(y, box.top, box.height, rows), inside(x, box.left, box.width, columns)];
  };

  const cellTip = (mark, [r, c]) => {
    const { values, columns } = grid(mark);
    const name = (names, i) => names ? names.split('|')[i] : i;
    // By functions and at once: no name has its dollar signs or braces read.
    const told = {
      r: () => name(mark.dataset.rows, r),
      c: () => name(mark.dataset.names, c),
      v: () => values[r * columns + c].replace('-', '\u2212'),
    };
    return mark.dataset.tip.replace(/\{([rcv])\}/g, (_, what) => told[what]());
  };

  const point = event => {
    const mark = event.target.closest && event.target.closest('[data-tip]');
    if (!mark) {
      hide();
      return;
    }

    const { clientX: x, clientY: y } = event;
    show(mark.dataset.cells ? cellTip(mark, cellAt(mark, x, y)) : mark.dataset.tip, x, y);
  };
  document.addEventListener('pointermove', point);
  document.addEventListener('pointerdown', point);

  const toggle = key => {
    key.classList.toggle('off');
    const series = key.ownerSVGElement.querySelectorAll('[data-series="' + key.dataset.key + '"]');
    for (const part of series) {
      part.classList.toggle('off');
    }
  };

  // Where a mark leads; an address with {r} and {c} is that of a cell.
  const follow = (mark, at) => {
    location.hash = '#' + mark.dataset.go.replace('{r}', at[0]).replace('{c}', at[1]);
  };

  document.addEventListener('click', event => {
    const mark = event.target.closest && event.target.closest('[data-go], [data-key]');
    if (mark && mark.dataset.key) {
      toggle(mark);
    } else if (mark && document.getElementById('explorer')) {
      follow(mark, mark.dataset.cells ? cellAt(mark, event.clientX, event.clientY) : [0, 0]);
    }
  });

  // By keys a drawing is one stop: arrows move among its marks and the cells of its maps, Enter does what a click does.
  const beside = mark => {
    const box = mark.getBoundingClientRect();
    if (!mark.dataset.cells) {
      show(mark.dataset.tip || '', box.left + box.width / 2, box.top);
      tip.hidden = !mark.dataset.tip;
      return;
    }

    const { rows, columns } = grid(mark);
    const [r, c] = mark.at || (mark.at = [0, 0]);
    show(cellTip(mark, mark.at), box.left + (c + 0.5) / columns * box.width, box.top + (r + 0.5) / rows * box.height);
  };

  const moveIn = (mark, [down, right]) => {
    const { rows, columns } = grid(mark);
    const [r, c] = mark.at || [0, 0];
    const to = [r + down, c + right];
    const stays = to[0] >= 0 && to[0] < rows && to[1] >= 0 && to[1] < columns;
    mark.at = stays ? to : mark.at;
    return stays;
  };

  const besideIn = (all, one, [down, right]) =>
    all[Math.max(0, Math.min(all.length - 1, all.indexOf(one) + down + right))];

  const marksOf = drawing => [...drawing.querySelectorAll('[data-tip], [data-key], [data-go]')];
  for (const drawing of document.querySelectorAll('main svg')) {
    if (drawing.querySelector('[data-tip], [data-key]')) {
      drawing.setAttribute('tabindex', 0);
    }
  }

  document.addEventListener('focusin', event => {
    const drawing = event.target.closest('main svg');
    if (drawing && drawing.matches(':focus-visible')) {
      beside(drawing.mark || (drawing.mark = marksOf(drawing)[0]));
    } else if (event.target.matches('[data-tip], :has(> [data-tip])')) {
      beside(event.target.matches('[data-tip]') ? event.target : event.target.querySelector('[data-tip]'));
    } else {
      hide();
    }
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('keydown', event => {
    const drawing = event.target.closest('main svg');
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === 'Escape') {
      hide();
    } else if (drawing && step) {
      event.preventDefault();
      const link = event.target.closest('a');
      if (link) {
        // Enter follows what has the focus, so among links it is the focus that moves, and its tip comes along.
        besideIn([...drawing.querySelectorAll('a')], link, step).focus();
        return;
      }

      const marks = marksOf(drawing);
      const mark = drawing.mark || marks[0];
      if (!mark.dataset.cells || !moveIn(mark, step)) {
        drawing.mark = besideIn(marks, mark, step);
      }

      beside(drawing.mark || mark);
    } else if (drawing && drawing.mark && event.key === 'Enter') {
      if (drawing.mark.dataset.key) {
        toggle(drawing.mark);
      } else if (drawing.mark.dataset.go && document.getElementById('explorer')) {
        follow(drawing.mark, drawing.mark.at || [0, 0]);
      }
    }
  });

  window.pageTip = { show, hide };

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
