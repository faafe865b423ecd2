// Each row measured by its own largest value, so that rows of any size show their course.

import { State, type StatisticsAnswer } from "../../api/types";

/** Values as shares of the largest finite magnitude that the site ever has, from −1 to 1. Two passes over the cells. */
export function rowShares(answer: StatisticsAnswer): StatisticsAnswer {
  const count = answer.values.length / Math.max(1, answer.steps.length);
  const largest = new Float64Array(count);
  answer.values.forEach((value, at) => {
    const size = Math.abs(value);
    if (answer.state[at] === State.finite && size > (largest[at % count] ?? 0)) largest[at % count] = size;
  });
  return { ...answer, values: answer.values.map((value, at) => value / (largest[at % count] || 1)) };
}
