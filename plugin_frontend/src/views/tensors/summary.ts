// Statistics and a histogram of the values on display.

export interface Summary {
  count: number;
  finite: number;
  zeros: number;
  nan: number;
  inf: number;
  /** Of the finite values; NaN where there is none, as the three below. */
  min: number;
  max: number;
  mean: number;
  /** Population standard deviation. */
  std: number;
}

export function summarize(values: Float32Array): Summary {
  const summary: Summary = {
    count: values.length,
    finite: 0,
    zeros: 0,
    nan: 0,
    inf: 0,
    min: Number.NaN,
    max: Number.NaN,
    mean: Number.NaN,
    std: Number.NaN,
  };
  let mean = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value)) summary.nan++;
    else if (!Number.isFinite(value)) summary.inf++;
    else {
      summary.finite++;
      if (value === 0) summary.zeros++;
      if (value < min) min = value;
      if (value > max) max = value;
      // Welford (1962): the plain sum of squares cancels for values far from 0.
      const delta = value - mean;
      mean += delta / summary.finite;
      squares += delta * (value - mean);
    }
  }
  if (summary.finite === 0) return summary;
  return { ...summary, min, max, mean, std: Math.sqrt(squares / summary.finite) };
}

export interface Bars {
  low: number;
  high: number;
  counts: number[];
  /** How many of the finite values have no place on a logarithm. */
  leftOut: number;
  /** The value at a share of the way from low to high. */
  at(share: number): number;
}

/**
 * Equal bins over the finite values, with `log` over the logarithms of those above 0; one bin where they are all equal;
 * none where there is none.
 */
export function bars(values: Float32Array, log = false, bins = 40): Bars {
  const kept = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  const low = kept.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = kept.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const leftOut = log ? values.filter((value) => Number.isFinite(value) && value <= 0).length : 0;
  const place = log ? Math.log : (value: number) => value;
  const [from, to] = [place(low), place(high)];
  const at = (share: number) => (log ? Math.exp(from + share * (to - from)) : from + share * (to - from));
  const counts = new Array<number>(kept.length === 0 ? 0 : low === high ? 1 : bins).fill(0);
  for (const value of kept) {
    const bin = low === high ? 0 : Math.min(Math.floor(((place(value) - from) / (to - from)) * bins), bins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { low, high, counts, leftOut, at };
}
