// How large boxes are. Widths of text are estimated, so that a layout is the same in every browser and in a worker.

import type { HierarchyNode } from "./hierarchy";

export const BOX_HEIGHT = 28;
export const TWO_LINE_HEIGHT = 40;
export const PILL_HEIGHT = 20;
export const SIGN_SIZE = 18;
export const CHIP = { width: 84, height: 20, gap: 6, distance: 16 };
export const HEADER_HEIGHT = 28;
export const NAME_SIZE = 13;
export const TYPE_SIZE = 11;

const BOX = { least: 128, most: 264, padding: 36, number: 48 };
const PILL = { least: 40, most: 240, padding: 24 };
/** Widths are rounded up to this, so that blocks whose names differ by a letter share a layout. */
const QUANTUM = 16;

const NARROW = /[iljtfrI.,:;'|!()[\] ]/;
const WIDE = /[mwMWOQG@%]/;

/** Width of a text in px, to about a tenth: by classes of characters, full width beyond Latin. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const character of text) {
    if (character > "\u2e7f") width += 1;
    else if (NARROW.test(character)) width += 0.31;
    else width += WIDE.test(character) ? 0.84 : 0.56;
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
  if (node.kind === "module") return moduleSize(node);
  const width = quantised(textWidth(node.name, 12) + PILL.padding, PILL.least, PILL.most);
  return { width, height: PILL_HEIGHT };
}

function moduleSize(node: HierarchyNode): Size {
  const name = textWidth(node.name, NAME_SIZE);
  const type = textWidth(node.type, TYPE_SIZE);
  const text = node.composite ? Math.max(name, type) : name + 8 + type;
  const width = quantised(text + BOX.padding + BOX.number, BOX.least, BOX.most);
  return { width, height: node.composite ? TWO_LINE_HEIGHT : BOX_HEIGHT };
}

/** What the header of an open group needs at the left of the spine. */
export function headerWidth(node: HierarchyNode): number {
  const text = textWidth(node.name, NAME_SIZE) + 8 + textWidth(node.type, TYPE_SIZE);
  return quantised(text + 24, 48, 220);
}

const quantised = (width: number, least: number, most: number): number =>
  Math.min(Math.max(Math.ceil(width / QUANTUM) * QUANTUM, least), most);
