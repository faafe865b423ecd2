// Where an axis has its ticks.

export interface Tick {
  value: number;
  label: string;
  /** 0 at the axis' start, 1 at its end. */
  position: number;
}

// Beyond each bound the next round factor is nearer, on a logarithmic scale.
const FACTORS = [
  { bound: Math.sqrt(50), factor: 10 },
  { bound: Math.sqrt(10), factor: 5 },
  { bound: Math.SQRT2, factor: 2 },
];

/** Round values from `low` to `high`, about `count` of them, a multiple of 1, 2 or 5 apart. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return Number.isFinite(low) ? [low] : [];
  const rough = span / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const spacing = power * (FACTORS.find(({ bound }) => rough / power >= bound)?.factor ?? 1);
  const first = Math.ceil(low / spacing - 1e-9);
  const last = Math.floor(high / spacing + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => trimmed((first + index) * spacing, spacing));
}

/** A multiple of the spacing without the digits that binary fractions add; never minus zero. */
function trimmed(value: number, spacing: number): number {
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(spacing)));
  return decimals > 20 ? value : Number(value.toFixed(decimals)) + 0;
}

/** Powers of ten in [low, high], thinned to at most `count`, the highest kept. */
export function powerTicks(low: number, high: number, count: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const stride = Math.max(1, Math.ceil((last - first + 1) / Math.max(count, 1)));
  const exponents = [];
  for (let exponent = last; exponent >= first; exponent -= stride) exponents.unshift(exponent);
  return exponents.map((exponent) => 10 ** exponent);
}

/** Zero and, mirrored, powers of ten from `threshold` outward, at most `count` a side, within the domain. */
export function symlogTicks(low: number, high: number, threshold: number, count: number): number[] {
  const outer = Math.max(Math.abs(low), Math.abs(high));
  const powers = outer > threshold ? powerTicks(threshold, outer, count) : [outer];
  return [...powers.map((power) => -power).reverse(), 0, ...powers].filter((value) => value >= low && value <= high);
}

/** Steps to label under a picture: round ones, and always the first and the last. */
export function stepTicks(first: number, last: number, count: number): number[] {
  if (first >= last) return [first];
  const gap = ((last - first) / Math.max(count, 1)) * 0.6;
  const between = niceTicks(first, last, count).filter(
    (step) => Number.isInteger(step) && step - first >= gap && last - step >= gap,
  );
  return [first, ...between, last];
}
