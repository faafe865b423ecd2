import type { DistributionsAnswer } from "../../../src/api/types";

/** Bins of both signs at step 0; one bin, zeros, NaN and +Inf at step 10. */
export const answer: DistributionsAnswer = {
  site: "w",
  stage: "gradient",
  quantileLevels: [0.05, 0.5, 0.95],
  steps: Float64Array.of(0, 10),
  starts: Int32Array.of(0, 3, 4),
  lower: Float64Array.of(-2, 0.5, 1, 1),
  upper: Float64Array.of(-1, 1, 2, 2),
  counts: Float64Array.of(2, 4, 2, 3),
  zeros: Float64Array.of(0, 5),
  nan: Float64Array.of(0, 1),
  posInf: Float64Array.of(0, 2),
  negInf: Float64Array.of(0, 0),
  quantiles: Float32Array.of(-2, 0.5, 2, 0, 0, 2),
  state: Uint8Array.of(0, 4),
  problems: [],
};
