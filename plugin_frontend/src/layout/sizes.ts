// How large boxes are. Widths of text are estimated, so that a layout is the same in every browser and in a worker.

import type { Fold } from "./folding";
import type { HierarchyNode } from "./hierarchy";

export const BOX_HEIGHT = 28;
export const TWO_LINE_HEIGHT = 40;
export const PILL_HEIGHT = 20;
export const SIGN_SIZE = 18;
export const CHIP = { width: 112, height: 20, gap: 6, distance: 16 };
export const HEADER_HEIGHT = 28;
export const NAME_SIZE = 13;
export const TYPE_SIZE = 11;

const BOX = { least: 128, most: 336, padding: 36, number: 48 };
const PILL = { least: 40, most: 240, padding: 24 };
/** Widths are rounded up to this, so that blocks whose names differ by a letter share a layout. */
const QUANTUM = 16;

const LONGEST_MEASURED = 300;
const NARROW = /[iljtfrI.,:;'|!()[\] ]/;
const WIDE = /[mwMWOQG@%]/;

/** Width of a text in px in a wide face: by classes of characters, full width beyond Latin. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  // No box is as wide as this many characters: a hostile name is not measured to its end.
  for (const character of text.slice(0, LONGEST_MEASURED)) {
    if (character > "\u2e7f") width += 1;
    else if (NARROW.test(character)) width += 0.35;
    else width += WIDE.test(character) ? 0.95 : 0.62;
  }
  return width * size;
}

export interface Size {
  width: number;
  height: number;
}

/** A node that is closed. */
export function closedSize(node: HierarchyNode, sign: boolean): Size {
  if (sign) return { width: SIGN_SIZE, height: SIGN_SIZE };
  if (node.fold) return foldSize(node, node.fold);
  if (isBox(node)) return moduleSize(node);
  const width = quantised(textWidth(node.name, 12) + PILL.padding, PILL.least, PILL.most);
  return { width, height: PILL_HEIGHT };
}

/** What is drawn as a box with a colour and a number. */
export const isBox = (node: HierarchyNode): boolean => node.kind === "module" || node.kind === "part" || !!node.fold;

function moduleSize(node: HierarchyNode): Size {
  const name = textWidth(node.name, NAME_SIZE);
  const type = textWidth(node.type, TYPE_SIZE);
  const text = node.composite ? Math.max(name, type) : name + 8 + type;
  const width = quantised(text + BOX.padding + BOX.number, BOX.least, BOX.most);
  return { width, height: node.composite ? TWO_LINE_HEIGHT : BOX_HEIGHT };
}

function foldSize(node: HierarchyNode, fold: Fold): Size {
  const text = Math.min(Math.max(textWidth(node.name, NAME_SIZE), textWidth(fold.type, TYPE_SIZE)), 120);
  const strip = stripOf(fold, false);
  const width = quantised(text + BOX.padding + FOLD_COUNT_WIDTH + strip.width + 12 + BOX.number, BOX.least, 480);
  return { width, height: TWO_LINE_HEIGHT };
}

/** "× 12". */
export const FOLD_COUNT_WIDTH = 42;
/** The stepper of an open fold: "‹ block 9 ›". */
export const STEPPER_WIDTH = 96;

/** The row of cells of a fold, one for each instance, or for several where there are many. */
export interface Strip {
  cells: number;
  /** From the left edge of a cell to the next one's. */
  pitch: number;
  size: number;
  width: number;
}

const MOST_CELLS = 32;

export function stripOf(fold: Fold, open: boolean): Strip {
  const count = fold.instances.length;
  const cells = Math.min(count, MOST_CELLS);
  const size = count > 24 ? 6 : open && count <= 12 ? 15 : 10;
  const gap = count > 24 ? 0 : 2;
  return { cells, size, pitch: size + gap, width: cells * (size + gap) - gap };
}

/** The instances that a cell stands for: from the first up to, not with, the second. */
export function cellRange(fold: Fold, strip: Strip, cell: number): [first: number, end: number] {
  const count = fold.instances.length;
  const edge = (at: number): number => Math.floor((at * count) / strip.cells);
  return [edge(cell), edge(cell + 1)];
}

/** What the header of an open group needs at both sides of the spine. */
export function headerRoom(node: HierarchyNode): { left: number; right: number } {
  const type = node.fold?.type ?? node.type;
  const text = textWidth(node.name, NAME_SIZE) + 8 + textWidth(type, TYPE_SIZE);
  if (!node.fold) return { left: quantised(text + 24, 48, 280), right: 40 };
  const left = quantised(Math.min(text, 150) + FOLD_COUNT_WIDTH + STEPPER_WIDTH + 36, 48, 360);
  return { left, right: stripOf(node.fold, true).width + 64 };
}

const quantised = (width: number, least: number, most: number): number =>
  Math.min(Math.max(Math.ceil(width / QUANTUM) * QUANTUM, least), most);
