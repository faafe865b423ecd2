// What the steps of one group's layout hand to each other.

import type { GroupEdge, Port } from "./edges";

/** A child as the layout sees it. */
export interface Item {
  width: number;
  height: number;
  /** Where the spine passes, from the left. */
  anchor: number;
  /** How much work is in it: the spine follows the most. */
  weight: number;
  /** Where each input slot of an open group is, from the left; empty: everything enters at the anchor. */
  slots: ArrayLike<number>;
}

export interface GroupInput {
  items: Item[];
  slots: number;
  edges: Pick<GroupEdge, "from" | "to" | "slot">[];
  /** Room that the header needs at the left and the right of the spine; null: the group has no frame. */
  header: { left: number; right: number } | null;
}

/** Everything relative to the group's top left corner. */
export interface GroupLayout {
  width: number;
  height: number;
  /** Where the spine passes: the output slot, and the main input slot. */
  anchor: number;
  /** Left, top, width and height of each child, four numbers each. */
  boxes: Float32Array;
  /** Middle of each input slot on the upper border. */
  slots: Float32Array;
  /** One for each edge of the group, in its order. */
  paths: Path[];
}

/** A line within its group. */
export interface Path {
  /**
   * flow: runs downwards, bending between ranks. detour: right angles round what it skips. back: a detour that
   * goes up. chip: no line; `points` holds left, top, width and height of the chip that stands for it.
   */
  kind: "flow" | "detour" | "back" | "chip";
  /** x and y in turn. */
  points: Float32Array;
}

/** What becomes of an edge. */
export const Route = { flow: 0, detour: 1, back: 2, chip: 3 } as const;
export type RouteKind = (typeof Route)[keyof typeof Route];

/** Ports first, then the dummies of long edges. */
export interface Vertices {
  rank: number[];
  left: number[];
  right: number[];
  height: number[];
  weight: number[];
  pinned: number[];
  margin: number[];
}

/** Everything but the lines: ranks, columns, and what becomes of each edge. */
export interface Placement {
  input: GroupInput;
  vertices: Vertices;
  /** Vertices of each rank, from left to right. */
  rows: number[][];
  /** Anchor of each vertex; the spine is at 0. */
  x: Float64Array;
  kinds: RouteKind[];
  /** Number of chips at each child. */
  chips: Map<Port, number>;
  /** The vertices that each flowing edge passes, both ends included. */
  chains: number[][];
}

/** Where an edge ends at its target, counted from the target's anchor. */
export function targetOffset(input: GroupInput, edge: GroupInput["edges"][number]): number {
  const item = input.items[edge.to];
  const slot = item?.slots[edge.slot];
  return item && slot !== undefined ? slot - item.anchor : 0;
}
