// Answers over steps: what the page has, joined with the steps that are new, as http_api.md says under "Only what is new".

import { ArraysAnswer, type Elements, lengthOf, type NamedArray, newElements } from "./arrays";
import type { Problem } from "./types";

/** Where the numbers of each step come from: an index into the new answer, or else one into the old. */
interface Picks {
  length: number;
  fromNew: Int32Array;
  fromOld: Int32Array;
}

/**
 * Both as one answer that holds every step; `old` itself where nothing is new. Null: steps are lacking, as records were
 * replaced, and all must be asked for.
 */
export function joinSteps(old: ArraysAnswer, sent: ArraysAnswer): ArraysAnswer | null {
  const fresh = withKept(old, sent);
  const picks = picksOf(old, fresh);
  if (!picks) return null;
  if (fresh.int32("fresh").length === 0 && old.float64("steps").length === picks.length) return old;
  const joined = [...fresh.arrays].map(([name, array]) => {
    const before = old.arrays.get(name);
    return [name, before ? joinArrays(before, array, picks, [old, fresh]) : array] as const;
  });
  return new ArraysAnswer({ ...fresh.header, problems: joinProblems(old, fresh, picks) }, new Map(joined));
}

/** The new answer with all steps listed: those that are as they were, it leaves out. */
function withKept(old: ArraysAnswer, { header, arrays }: ArraysAnswer): ArraysAnswer {
  const kept = header.kept as number;
  const listed = ["steps", "marks"].flatMap((name) => {
    const [before, behind] = [old.arrays.get(name), arrays.get(name)];
    if (!before || !behind) return [];
    const elements = newElements(behind.dtype, kept + behind.elements.length);
    elements.set(before.elements.subarray(0, kept));
    elements.set(behind.elements, kept);
    return [[name, { ...behind, shape: [elements.length], elements }] as const];
  });
  return new ArraysAnswer(header, new Map([...arrays, ...listed]));
}

function picksOf(old: ArraysAnswer, fresh: ArraysAnswer): Picks | null {
  const [steps, marks] = [fresh.float64("steps"), fresh.int32("marks")];
  const [oldSteps, oldMarks] = [old.float64("steps"), old.int32("marks")];
  const fromNew = new Int32Array(steps.length).fill(-1);
  fresh.int32("fresh").forEach((at, index) => {
    fromNew[at] = index;
  });
  const known = new Map(Array.from(oldSteps, (step, index) => [step, index]));
  const fromOld = Int32Array.from(steps, (step, index) => {
    const at = known.get(step) ?? -1;
    return oldMarks[at] === marks[index] ? at : -1;
  });
  const isLacking = steps.some((_, index) => fromNew[index] === -1 && fromOld[index] === -1);
  return isLacking ? null : { length: steps.length, fromNew, fromOld };
}

function joinArrays(
  before: NamedArray,
  array: NamedArray,
  picks: Picks,
  [old, fresh]: [ArraysAnswer, ArraysAnswer],
): NamedArray {
  if (typeof array.along === "number") return joinAlong(before, array, array.along, picks);
  if (array.along === undefined) return array;
  const starts = [old.int32("starts"), fresh.int32("starts")] as const;
  const ranges = rangesOf(picks, ...starts);
  if (array.along === "starts") {
    const ends = ranges.map(({ from, to }) => to - from);
    let sum = 0;
    return { ...array, shape: [picks.length + 1], elements: Int32Array.of(0, ...ends.map((size) => (sum += size))) };
  }
  const length = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  const elements = newElements(array.dtype, length);
  let at = 0;
  for (const { isNew, from, to } of ranges) {
    elements.set((isNew ? array : before).elements.subarray(from, to), at);
    at += to - from;
  }
  return { ...array, shape: [length], elements };
}

/** The steps' slices of both arrays, put in order along an axis. */
function joinAlong(before: NamedArray, array: NamedArray, axis: number, picks: Picks): NamedArray {
  const inner = lengthOf(array.shape.slice(axis + 1));
  const outer = lengthOf(array.shape.slice(0, axis));
  const [oldSize, newSize] = [before.shape[axis] ?? 0, array.shape[axis] ?? 0];
  const elements = newElements(array.dtype, outer * picks.length * inner);
  for (let block = 0; block < outer; block++) {
    for (let step = 0; step < picks.length; step++) {
      const index = picks.fromNew[step] ?? -1;
      const source: Elements = index < 0 ? before.elements : array.elements;
      const from = (index < 0 ? block * oldSize + (picks.fromOld[step] ?? 0) : block * newSize + index) * inner;
      elements.set(source.subarray(from, from + inner), (block * picks.length + step) * inner);
    }
  }
  return { ...array, shape: array.shape.with(axis, picks.length), elements };
}

interface BinRange {
  isNew: boolean;
  from: number;
  to: number;
}

function rangesOf(picks: Picks, oldStarts: Int32Array, newStarts: Int32Array): BinRange[] {
  return Array.from({ length: picks.length }, (_, step) => {
    const index = picks.fromNew[step] ?? -1;
    const [starts, at] = index < 0 ? [oldStarts, picks.fromOld[step] ?? 0] : [newStarts, index];
    return { isNew: index >= 0, from: starts[at] ?? 0, to: starts[at + 1] ?? 0 };
  });
}

/** The new answer's, and the old one's of the steps that were not sent again. */
function joinProblems(old: ArraysAnswer, fresh: ArraysAnswer, picks: Picks): Problem[] {
  const steps = fresh.float64("steps");
  const isKept = ({ step }: Problem) => step !== null && picks.fromNew[steps.indexOf(step)] === -1;
  return [...(old.header.problems as Problem[]).filter(isKept), ...(fresh.header.problems as Problem[])];
}

/** Bytes of answers that are kept for the next reload, beyond those that views hold anyway. */
const BOUND = 64 * 2 ** 20;

interface Known {
  answer: ArraysAnswer;
  value: unknown;
}

/** Asks for answers over steps, and at the next time only for what is new; the same value where nothing is. */
export class StepAnswers {
  /** Least recently used first. */
  readonly #known = new Map<string, Known>();
  #bytes = 0;

  constructor(
    private readonly ask: (route: string, parameters: object) => Promise<ArraysAnswer>,
    private readonly bound = BOUND,
  ) {}

  /** `soon` goes with a request for all steps; what is then partial is not kept. */
  async get<T>(route: string, parameters: object, convert: (answer: ArraysAnswer) => T, soon?: number): Promise<T> {
    const key = JSON.stringify([route, parameters]);
    const known = this.#known.get(key);
    const hurried = known || soon === undefined ? parameters : { ...parameters, soon };
    const answer = await this.#newest(route, hurried, known?.answer);
    if (answer.header.partial) return convert(answer);
    const value = known && answer === known.answer ? (known.value as T) : convert(answer);
    this.#keep(key, { answer, value });
    return value;
  }

  async #newest(route: string, parameters: object, old?: ArraysAnswer): Promise<ArraysAnswer> {
    if (!old) return this.ask(route, parameters);
    const fresh = await this.ask(route, { ...parameters, since: old.header.version });
    return joinSteps(old, fresh) ?? this.ask(route, parameters);
  }

  #keep(key: string, known: Known): void {
    this.#forget(key);
    this.#known.set(key, known);
    this.#bytes += known.answer.bytes;
    for (const oldest of this.#known.keys()) {
      if (this.#bytes <= this.bound) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#known.get(key)?.answer.bytes ?? 0;
    this.#known.delete(key);
  }
}
