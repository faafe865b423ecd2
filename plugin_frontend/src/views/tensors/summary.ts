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
}

/** Equal bins over the finite values; one bin where they are all equal; none where there is none. */
export function bars(values: Float32Array, summary: Summary, bins = 40): Bars {
  const { min: low, max: high } = summary;
  if (summary.finite === 0) return { low, high, counts: [] };
  if (low === high) return { low, high, counts: [summary.finite] };
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { low, high, counts };
}
