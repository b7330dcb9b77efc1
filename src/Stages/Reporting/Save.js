// Saves a figure as SVG or PNG, from a page on disk and without its files; copies a text. What is saved has the light
// colours of the attributes and its font in it, and lacks the series that are hidden on the page.
(() => {
  const pixels = 3; // of the PNG, for one of the drawing
  const ground = '#ffffff';

  // The wide drawing on its own: no style sheet of the page reaches it.
  const alone = figure => {
    const drawing = figure.querySelector('.wide svg').cloneNode(true);
    drawing.querySelectorAll('[data-series].off').forEach(part => part.remove());
    drawing.querySelectorAll('[data-key].off').forEach(part => part.setAttribute('opacity', '.25'));
    const style = document.createElementNS(drawing.namespaceURI, 'style');
    style.textContent = document.getElementById('fonts').textContent;
    drawing.prepend(style);
    return drawing;
  };

  const text = drawing => new XMLSerializer().serializeToString(drawing) + '\n';

  // An address that holds the drawing: from one of a blob, or with files of its own, a canvas would not be read.
  const address = drawing => 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(text(drawing));

  const png = async drawing => {
    const { width, height } = drawing.viewBox.baseVal;
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(pixels * width);
    canvas.height = Math.round(pixels * height);
    drawing.setAttribute('width', canvas.width);
    drawing.setAttribute('height', canvas.height);
    const picture = new Image();
    picture.src = address(drawing);
    await picture.decode();
    const brush = canvas.getContext('2d');
    brush.fillStyle = ground;
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise(done => canvas.toBlob(done, 'image/png'));
  };

  // By a blob: browsers follow no data address of more than 2 MB.
  const save = (name, blob) => {
    const link = document.createElement('a');
    link.download = name;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // By selection: the clipboard's own interface is closed to pages on disk in some browsers.
  const copy = (button, from) => {
    getSelection().selectAllChildren(from);
    const told = button.textContent;
    button.textContent = document.execCommand('copy') ? 'copied' : 'selected: copy it by hand';
    setTimeout(() => { button.textContent = told; }, 2000);
  };

  document.addEventListener('click', async event => {
    const button = event.target.closest && event.target.closest('[data-save], [data-copy]');
    if (!button) {
      return;
    }

    if (button.dataset.copy) {
      copy(button, document.getElementById(button.dataset.copy));
      return;
    }

    const figure = button.closest('figure');
    const drawing = alone(figure);
    const kind = button.dataset.save;
    save(figure.id + '.' + kind, kind === 'png' ? await png(drawing) : new Blob([text(drawing)], { type: 'image/svg+xml' }));
  });
})();
