// Answers of the statistics route, made by hand.

import { State, type StatisticsAnswer } from "../../../src/api/types";

/** Rows are steps, columns sites; a string is a state. */
export function statistics(
  cells: (number | keyof typeof State)[][],
  steps = cells.map((_, row) => row),
): StatisticsAnswer {
  const flat = cells.flat();
  return {
    stage: "gradient",
    column: "l2",
    steps: Float64Array.from(steps),
    values: Float32Array.from(flat, (cell) => (typeof cell === "number" ? cell : 0)),
    state: Uint8Array.from(flat, (cell) => (typeof cell === "string" ? State[cell] : State.finite)),
    problems: [],
  };
}
