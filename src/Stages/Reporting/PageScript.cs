namespace Pipelines.Stages.Reporting;

/// <summary>
/// The page's script: tips, keys that hide a series, the theme switch, the place in the contents. The page is whole
/// without it.
/// </summary>
internal static class PageScript
{
    /// <summary>The script.</summary>
    public const string Text = """
        (() => {
          const tip = document.getElementById('tip'), root = document.documentElement;
          const show = (text, x, y) => {
            tip.textContent = text; tip.hidden = false;
            const box = tip.getBoundingClientRect();
            tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 4)) + 'px';
            tip.style.top = (y - box.height - 12 < 4 ? y + 18 : y - box.height - 12) + 'px';
          };
          const cell = (mark, x, y) => {
            const values = mark.values || (mark.values = mark.dataset.cells.split(' ')), columns = +mark.dataset.columns, rows = values.length / columns;
            const box = mark.getBoundingClientRect(), inside = (at, start, size, count) => Math.min(count - 1, Math.max(0, Math.floor((at - start) / size * count)));
            const c = inside(x, box.left, box.width, columns), r = inside(y, box.top, box.height, rows);
            const name = (names, i) => names ? names.split('|')[i] : i;
            return mark.dataset.tip.replace('{r}', () => name(mark.dataset.rows, r)).replace('{c}', () => name(mark.dataset.names, c)).replace('{v}', values[r * columns + c].replace('-', '\u2212'));
          };
          const point = event => {
            const mark = event.target.closest && event.target.closest('[data-tip]');
            if (!mark) { tip.hidden = true; return; }
            show(mark.dataset.cells ? cell(mark, event.clientX, event.clientY) : mark.dataset.tip, event.clientX, event.clientY);
          };
          document.addEventListener('pointermove', point);
          document.addEventListener('pointerdown', point);
          document.addEventListener('click', event => {
            const key = event.target.closest && event.target.closest('[data-key]');
            if (!key) return;
            key.classList.toggle('off');
            for (const series of key.ownerSVGElement.querySelectorAll('[data-series="' + key.dataset.key + '"]')) series.classList.toggle('off');
          });
          document.getElementById('theme').addEventListener('click', () => {
            const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme:dark)').matches;
            root.dataset.theme = dark ? 'light' : 'dark';
          });
          const links = new Map([...document.querySelectorAll('nav a')].map(a => [a.hash.slice(1), a]));
          const seen = new IntersectionObserver(entries => {
            for (const entry of entries) if (entry.isIntersecting) { links.forEach(a => a.classList.remove('here')); links.get(entry.target.id).classList.add('here'); }
          }, { rootMargin: '-10% 0px -80% 0px' });
          for (const id of links.keys()) { const part = document.getElementById(id); if (part) seen.observe(part); }
        })();
        """;
}
