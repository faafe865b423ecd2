// What the drawings of one site and stage are given.

import type { DistributionsAnswer } from "../../api/types";
import type { Axis } from "../../base/axis";
import type { CellColours } from "../../base/cells";
import type { InkColours } from "../../base/paint";

export type Colours = CellColours & InkColours;

/** A run's distributions and the colour of its line. */
export interface RunDistributions {
  run: string;
  colour: string;
  answer: DistributionsAnswer;
}

export interface Plot {
  /** The shown run first, then the compared ones. */
  runs: readonly [RunDistributions, ...RunDistributions[]];
  axis: Axis;
  /** The current step. */
  now: number;
}
