// What the Overview itself remembers, and how a cell is read out.

import { signal } from "@preact/signals";
import { formatCount, formatNumber } from "../../base/format";
import { STATE_WORDS } from "../../base/state_words";
import type { ScaleKind } from "./columns";
import type { Order } from "./map_rows";

export const scaleKind = signal<ScaleKind>("log");
export const order = signal<Order>("model");

/** The cell under the pointer or the crosshair, as row and column of the map; null: none. */
export const hovered = signal<{ row: number; column: number } | null>(null);

/** A cell's value in words: the number if it is one. */
export function describeValue(value: number, state: number): string {
  return STATE_WORDS[state] ?? formatNumber(value);
}

/** "step 1,200" */
export function describeStep(step: number): string {
  return `step ${formatCount(step)}`;
}
