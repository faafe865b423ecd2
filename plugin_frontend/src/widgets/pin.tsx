// A finding's number: the same mark in its card, on the map, on the step rail and in the side panel.

import { shownFindings } from "../store/findings";

export const PIN_RADIUS = 8;

/** In text. */
export function Pin({ index }: { index: number }) {
  const severity = shownFindings.value[index]?.severity ?? "note";
  return (
    <span class={`pin pin-${severity}`} title={severity}>
      {index + 1}
      <span class="hidden-visually">, {severity}</span>
    </span>
  );
}

/** In a drawing. */
export function PinMark({ index, x, y }: { index: number; x: number; y: number }) {
  const severity = shownFindings.value[index]?.severity ?? "note";
  return (
    <g class={`pin-mark pin-mark-${severity}`} transform={`translate(${x} ${y})`}>
      <circle r={PIN_RADIUS} />
      <text y="4">{index + 1}</text>
    </g>
  );
}
