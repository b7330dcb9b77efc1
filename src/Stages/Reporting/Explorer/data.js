// What the page knows, decoded when it is first asked for.
const once = make => {
  let made;
  return () => made ??= make();
};

const block = id => JSON.parse(document.getElementById(id).textContent);

const bytesOf = base64 => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = text.charCodeAt(i);
  }

  return bytes;
};

// Numbers with all their bits, so that they read here as in tables and figures; null where there are none.
const numbersOf = packed => packed && new Float64Array(bytesOf(packed).buffer);

// Numbers of which a colour is all that is seen.
const coloursOf = ({ step, data }) => Float32Array.from(new Int8Array(bytesOf(data).buffer), value => value * step);

// Every list of heads is decoded at most once.
const index = once(() => {
  const read = block('explorer-index');
  return {
    ...read,
    count: read.layers * read.heads,
    mean: numbersOf(read.mean),
    low: numbersOf(read.low),
    high: numbersOf(read.high),
    share: numbersOf(read.share),
    fitted: read.beta.map(packed => packed !== null),
    beta: read.beta.map(packed => once(() => numbersOf(packed))),
    alone: numbersOf(read.alone),
    attention: numbersOf(read.attention),
    places: new Map(read.samples.map((sample, i) => [sample.id, i])),
  };
});

const nameOf = n => Math.floor(n / index().heads) + '.' + n % index().heads;
const wordsOf = n => 'layer ' + Math.floor(n / index().heads) + ' head ' + n % index().heads;

// The head of a name, such as 17.5; -1 = there is none.
const numberOfHead = text => {
  const [, layer, head] = (/^\s*(\d+)\.(\d+)\s*$/.exec(text ?? '') ?? []).map(Number);
  const { layers, heads } = index();
  return layer < layers && head < heads ? layer * heads + head : -1;
};

const meanOf = values => values.reduce((sum, value) => sum + value, 0) / values.length;

// Heads by descending beta, ties by number; the tables' own rankings of the mean, and x*, come with the index.
const rankingOf = beta => Array.from(beta.keys()).sort((a, b) => beta[b] - beta[a] || a - b);

// x* of a sample; empty where no set of heads is faithful.
const starOf = i => index().samples[i].selected;

// Of names the one that is meant: that very one, else one that differs in case alone, for addresses are typed by hand.
const nameAlike = (names, name) => names.find(n => n === name)
  ?? (name ? names.find(n => n.toLowerCase() === name.toLowerCase()) : undefined);

// Samples by what they show, the most frequent first.
const objects = once(() => {
  const groups = new Map();
  index().samples.forEach((sample, i) => {
    if (index().fitted[i]) {
      groups.set(sample.object, [...groups.get(sample.object) ?? [], i]);
    }
  });
  return [...groups].map(([name, samples]) => ({ name, samples, mean: once(() => meanBetaOf(samples)) }))
    .sort((a, b) => b.samples.length - a.samples.length || a.name.localeCompare(b.name));
});

const meanBetaOf = samples => {
  const mean = new Float64Array(index().count);
  for (const i of samples) {
    index().beta[i]().forEach((value, n) => mean[n] += value / samples.length);
  }

  return mean;
};

const cosineOf = (a, b) => {
  let ab = 0, aa = 0, bb = 0;
  for (let n = 0; n < a.length; n++) {
    ab += a[n] * b[n];
    aa += a[n] * a[n];
    bb += b[n] * b[n];
  }

  return aa && bb ? ab / Math.sqrt(aa * bb) : NaN;
};

// The rest of a sample: in the page, or in a script beside it, which calls explorerPart.
const parts = new Map();
const loaded = new Map(); // scripts, as promises

// A script of another report, left beside this one, has other samples.
window.explorerPart = (i, id, part) => {
  if (index().samples[i]?.id === id) {
    parts.set(i, part);
  }
};

const scriptOf = number => {
  if (!loaded.has(number)) {
    const path = index().scripts[number];
    loaded.set(number, new Promise((done, failed) => {
      const script = document.createElement('script');
      script.src = path;
      script.onload = done;
      script.onerror = () => failed(new Error(
        path + ' is not beside this page: copy the page together with its folder “explorer”.'));
      document.head.append(script);
    }));
  }

  return loaded.get(number);
};

const partOf = async i => {
  const number = index().samples[i].script;
  if (number !== null) {
    await scriptOf(number);
    if (!parts.has(i)) {
      throw new Error(index().scripts[number]
        + ' belongs to another report: copy this page together with its own folder “explorer”.');
    }
  } else if (!parts.has(i)) {
    parts.set(i, block('explorer-' + i));
  }

  return parts.get(i);
};
