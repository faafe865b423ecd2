// What the Overview itself remembers, and how a cell is read out.

import { formatCount, formatNumber } from "../../base/format";
import { signal } from "../../base/signals";
import { STATE_WORDS } from "../../base/state_words";
import { kept, keptWord } from "../../store/kept";
import type { Stretch } from "../../widgets/brush";
import type { ScaleKind } from "./columns";
import type { Order } from "./map_rows";
import type { Said } from "./map_tree";

export const scaleKind = keptWord<ScaleKind>("scale", ["log", "linear"]);
export const order = keptWord<Order>("order", ["model", "execution", "size"]);
/** "own": each row's colours follow its own largest value. */
export const rowColours = keptWord("rows", ["shared", "own"]);
/** Which of the drawn runs the map shows: the first, another of them, or the first against the second. */
export const mapShows = kept<"difference" | number>(
  "map",
  0,
  (shows) => String(shows),
  (text) => (text === "difference" ? text : /^\d$/.test(text) ? Number(text) : undefined),
);
/** The modules that the reader opened or closed; in the address those that were closed begin with a colon. */
export const saidOfModules = kept<Said>(
  "open",
  new Map(),
  (said) => [...said].map(([label, isOpen]) => (isOpen ? "" : ":") + encodeURIComponent(label)).join(","),
  (text) => new Map(text.split(",").map((word) => [decodeURIComponent(word.replace(/^:/, "")), !word.startsWith(":")])),
);

export function toggleModule({ label, isOpen }: { label: string; isOpen: boolean }): void {
  saidOfModules.value = new Map(saidOfModules.value).set(label, !isOpen);
}

/** The stretch of the map that is being picked; null: none is. */
export const brushed = signal<Stretch | null>(null);

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
