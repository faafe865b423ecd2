// What the drawings of one site and stage are given.

import type { DistributionsAnswer } from "../../api/types";
import type { Axis } from "../../base/axis";
import type { CellColours } from "../../base/cells";
import type { InkColours } from "../../base/paint";
import { indexAtOrBefore } from "../../base/steps";
import type { Runs } from "../../store/soon";

export type Colours = CellColours & InkColours;

/** The distributions of a run's site and stage, and the colour of its line. */
export interface RunDistributions {
  run: string;
  /** What tells it from the others in the picture. */
  label: string;
  colour: string;
  answer: DistributionsAnswer;
  /** The current step alone, where the answer leaves steps out and it has come already. */
  exact: DistributionsAnswer | null;
}

/** What is known of the last step that is not after the given one: in which answer, and where in it. */
export function atStep({ answer, exact }: Pick<RunDistributions, "answer" | "exact">, step: number) {
  const index = indexAtOrBefore(answer.steps, step);
  const [known = Number.POSITIVE_INFINITY, other] = [answer.steps[index], exact?.steps[0]];
  return exact && other !== undefined && other <= step && (known > step || other > known)
    ? { answer: exact, index: 0 }
    : { answer, index };
}

export interface Plot {
  /** The shown run first, then the compared ones. */
  runs: Readonly<Runs<RunDistributions>>;
  axis: Axis;
  /** The current step. */
  now: number;
}
