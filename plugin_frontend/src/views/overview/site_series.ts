// The course of one number of a site, out of the answer that has all of them.

import type { SiteAnswer, Stage } from "../../api/types";

/** One column of one stage at all steps; empty where there is none. */
export function seriesOf({ stages, columns, steps, values }: SiteAnswer, stage: Stage, column: string): Float64Array {
  const [t, c] = [stages.indexOf(stage), columns.indexOf(column)];
  if (t < 0 || c < 0) return new Float64Array();
  const start = (t * columns.length + c) * steps.length;
  return values.subarray(start, start + steps.length);
}

/** The states of one stage at all steps. */
export function statesOf({ stages, steps, state }: SiteAnswer, stage: Stage): Uint8Array {
  const start = stages.indexOf(stage) * steps.length;
  return state.subarray(start, start + steps.length);
}
