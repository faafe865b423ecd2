// The keys of the Graph view.

import { useMemo } from "preact/hooks";
import { type KeyHelp, useViewKeys } from "../../store/keyboard";
import type { GraphModel } from "./model";

/** What the canvas listens to while it has the focus. */
const CANVAS_KEYS: KeyHelp[] = [
  { label: "← ↑ ↓ →", does: "In the picture: along edges, and to neighbours" },
  { label: "Enter", does: "In the picture: open, or go inside" },
  { label: "+ −", does: "In the picture: larger, smaller" },
];

export function useGraphKeys(model: GraphModel): void {
  const table = useMemo(
    () => [
      { keys: ["["], label: "[", does: "Previous instance of a folded chain", press: () => model.step(-1) },
      { keys: ["]"], label: "]", does: "Next instance of a folded chain", press: () => model.step(1) },
      { keys: ["z"], label: "z", does: "Zoom to the selection", press: () => model.zoomToSelection() },
      { keys: ["f"], label: "f", does: "Fit the graph to the window", press: () => model.fit() },
    ],
    [model],
  );
  useViewKeys(table, CANVAS_KEYS);
}
