// Inputs and outputs of the model. A long list of them, such as a cache of keys and values, is one in the picture.

/** Shorter lists are shown one by one. */
const SHORTEST_LIST = 4;

/** Some of the inputs, or of the outputs, that are next to each other. */
export interface TerminalRun {
  /** Position of the first. */
  index: number;
  span: number;
  name: string;
}

/** Those whose names differ in numbers alone, from the first number on, belong together: "past[0][1]", "past[1][0]". */
export function terminalRuns(names: readonly string[]): TerminalRun[] {
  const runs: TerminalRun[] = [];
  for (let index = 0; index < names.length; ) {
    const family = familyOf(names[index] ?? "");
    let end = index + 1;
    while (end < names.length && family !== null && familyOf(names[end] ?? "") === family) end += 1;
    const span = end - index >= SHORTEST_LIST ? end - index : 1;
    const name = span > 1 ? `${family} × ${span}`.trim() : (names[index] ?? "");
    runs.push({ index, span, name });
    index += span;
  }
  return runs;
}

/** What stands before the first number; null: there is none. */
function familyOf(name: string): string | null {
  const digit = name.search(/\d/);
  return digit < 0 ? null : name.slice(0, digit).replace(/[[._]+$/, "");
}

/** Positions of the inputs or outputs that a terminal stands for. */
export const membersOf = ({ index, span }: Pick<TerminalRun, "index" | "span">): number[] =>
  Array.from({ length: span }, (_, place) => index + place);
