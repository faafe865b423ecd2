// What stands for a number that there is not, in words.

import { State } from "../api/types";

/** By state; a finite number has none. */
export const STATE_WORDS: Partial<Record<number, string>> = {
  [State.zero]: "0",
  [State.posInf]: "+Inf",
  [State.negInf]: "−Inf",
  [State.nan]: "NaN",
  [State.noGradient]: "no gradient",
  [State.frozen]: "frozen",
  [State.unsupported]: "not measured",
  [State.missing]: "not measured",
};
