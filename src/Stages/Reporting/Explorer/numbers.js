// Numbers as a person reads them: the twins of Format's, so that none reads differently in a figure and here.
const Digits = 15, // of a number, as a table's cell shows it
  DigitsShown = 3, // of the greatest number of a column
  MostDecimals = 9;

const isNumber = value => typeof value === 'number' && Number.isFinite(value);

// With thin spaces between thousands; halves go away from zero, and zero has no sign. A half is one of the number's
// 15 digits, not of the binary fraction behind it: 37.65 reads 37.7, though its fraction lies just below.
const fixed = (value, digits) => {
  if (!isNumber(value)) {
    return '–';
  }

  const [first, power] = Math.abs(value).toExponential(Digits - 1).split('e');
  const moved = Math.round(first + 'e' + (+power + digits)); // the point moves in the text: a product would round
  const text = String(moved).padStart(digits + 1, '0'), point = text.length - digits;
  return (value < 0 && moved ? '\u2212' : '') + text.slice(0, point).replace(/\B(?=(\d{3})+$)/g, '\u202f')
    + (digits ? '.' + text.slice(point) : '');
};

const counted = number => fixed(number, 0);
const many = (number, noun) => counted(number) + ' ' + noun + (number === 1 ? '' : 's');
const percent = share =>
  isNumber(share) ? fixed(100 * share, share > 0 && share < 0.01 ? 1 : 0) + '\u202f%' : '–';

// Decimals that give numbers one precision: three digits of the greatest, none of whole numbers.
const decimalsOf = values => {
  const sizes = Array.from(values, Math.abs).filter(Number.isFinite);
  const most = sizes.reduce((a, b) => Math.max(a, b), 0);
  return sizes.every(Number.isInteger) ? 0
    : Math.max(0, Math.min(MostDecimals, DigitsShown - 1 - Math.floor(Math.log10(most))));
};

// Compares by numbers or texts, from the least or from the greatest; what is not known comes last either way.
const byValue = (valueOf, rises) => (a, b) => {
  const one = valueOf(a), other = valueOf(b);
  const [isKnown, otherIsKnown] = [one, other].map(v => typeof v === 'string' || isNumber(v));
  if (!isKnown || !otherIsKnown) {
    return otherIsKnown - isKnown;
  }

  const order = typeof one === 'string' ? one.localeCompare(other) : one - other;
  return rises ? order : -order;
};
