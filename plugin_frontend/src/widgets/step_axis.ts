// Where a step is across the page: the same for the rail, the tracks and the map, so that one line runs through all.

import { partition } from "../base/steps";

export interface Column {
  left: number;
  right: number;
}

/** Steps between two sampled ones that lie unusually far apart. */
export interface Hole extends Column {
  after: number;
  before: number;
}

export interface StepAxis {
  left: number;
  right: number;
  steps: readonly number[];
  /** The middle of a step's column; a step between samples lies between them. */
  x(step: number): number;
  /** Where each sampled step is drawn: half-way to its neighbours, or as wide as usual beside a hole. */
  columns: readonly Column[];
  holes: readonly Hole[];
  /** Index of the column at an x; the nearest one outside of all. -1 without steps. */
  indexAt(x: number): number;
}

const NARROW = 720;
/** A lone step's column. */
const LONE_WIDTH = 24;
/** A gap this many times as wide as both its neighbours is a hole. */
const HOLE_FACTOR = 4;

/** The edges of the track in a page of a width: gutter for labels at the left, room for values at the right. */
export function trackEdges(width: number): { left: number; right: number } {
  return width < NARROW ? { left: 92, right: width - 20 } : { left: 156, right: width - 128 };
}

/** `steps` ascending, in pixels from `left` to `right`. */
export function stepAxis(steps: readonly number[], left: number, right: number): StepAxis {
  const spans = spansOf(steps);
  const first = spans[0]?.from ?? 0;
  const last = spans.at(-1)?.to ?? 1;
  const end = steps.length === 1 ? Math.min(right, left + LONE_WIDTH) : right;
  const x = (step: number) => left + ((step - first) / (last - first)) * (end - left);
  const columns = spans.map(({ from, to }) => ({ left: x(from), right: x(to) }));
  return { left, right, steps, x, columns, holes: holesOf(steps, spans, x), indexAt: (at) => nearest(columns, at) };
}

interface Span {
  from: number;
  to: number;
}

/** Made anew at each notch of a zoom, of a thousand steps: no arrays within. */
function spansOf(steps: readonly number[]): Span[] {
  const halves = halfGaps(steps);
  return steps.map((step, index) => {
    const before = halves[Math.max(0, index - 1)] ?? 0.5;
    const after = halves[Math.min(index, halves.length - 1)] ?? 0.5;
    return { from: step - before, to: step + after };
  });
}

/** Half of each gap; of a hole, half of what is usual beside it. */
function halfGaps(steps: readonly number[]): Float64Array {
  const gapAfter = (index: number): number => (steps[index + 1] ?? Number.NaN) - (steps[index] ?? Number.NaN);
  const halves = new Float64Array(Math.max(0, steps.length - 1));
  for (let index = 0; index < halves.length; index++) {
    const gap = gapAfter(index);
    const isBetween = index > 0 && index < halves.length - 1;
    const usual = isBetween ? Math.max(gapAfter(index - 1), gapAfter(index + 1)) : gap;
    halves[index] = (gap > HOLE_FACTOR * usual ? usual : gap) / 2;
  }
  return halves;
}

function holesOf(steps: readonly number[], spans: readonly Span[], x: (step: number) => number): Hole[] {
  const holes: Hole[] = [];
  for (let index = 1; index < spans.length; index++) {
    const [before, after] = [spans[index - 1]?.to ?? 0, spans[index]?.from ?? 0];
    if (after - before < 1e-9 * Math.abs(spans[index]?.to ?? 0)) continue;
    holes.push({ left: x(before), right: x(after), after: steps[index - 1] ?? 0, before: steps[index] ?? 0 });
  }
  return holes;
}

/** Columns ascend, so halving finds the one whose right edge lies beyond x. */
function nearest(columns: readonly Column[], at: number): number {
  const index = partition(columns.length, (i) => (columns[i]?.right ?? 0) <= at);
  const here = columns[index];
  const before = columns[index - 1];
  if (!here) return columns.length - 1;
  return before && here.left > at && at - before.right < here.left - at ? index - 1 : index;
}

/** "every step", "every 10th step", or that it changes. */
export function describeSampling(steps: readonly number[]): string {
  if (steps.length < 2) return "";
  const gaps = new Set(steps.slice(1).map((step, index) => step - (steps[index] ?? step)));
  const [gap = 1] = gaps;
  if (gaps.size > 1) return "uneven steps";
  return gap === 1 ? "every step" : `every ${ordinal(gap)} step`;
}

function ordinal(number: number): string {
  const teen = number % 100 > 10 && number % 100 < 14;
  const ending = teen ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number.toLocaleString("en-US")}${ending}`;
}

/** "4 s", "3 min", "2 h": how long ago. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
