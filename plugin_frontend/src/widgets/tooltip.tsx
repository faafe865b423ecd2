// The read-out: one floating element for the whole page.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { signal } from "../base/signals";

export type Row = [when: string, value: string, what: string];

export interface Readout {
  /** Of the pointer or of the crosshair, in the page's coordinates. */
  x: number;
  y: number;
  title: ComponentChildren;
  rows: Row[];
  /** At once and read aloud: for a crosshair that was moved by keys. */
  announced?: boolean;
}

const DELAY_MS = 80;
const GAP = 12;
/** A hand that rests still moves this much. */
const REST = 3;

const shown = signal<Readout | null>(null);
let timer = 0;

/** Shows a read-out once the pointer has rested for 80 ms; it replaces the one before. */
export function showTooltip(readout: Readout): void {
  clearTimeout(timer);
  if (readout.announced || rests(readout)) {
    shown.value = readout;
    return;
  }
  shown.value = null;
  timer = window.setTimeout(() => {
    shown.value = readout;
  }, DELAY_MS);
}

export function hideTooltip(): void {
  clearTimeout(timer);
  shown.value = null;
}

function rests({ x, y }: Readout): boolean {
  const old = shown.value;
  return old !== null && Math.hypot(old.x - x, old.y - y) <= REST;
}

/** Where a box of a size goes: right below the point, on the other side where that would leave the page. */
export function placeBeside(
  point: { x: number; y: number },
  size: { width: number; height: number },
  page: { width: number; height: number },
): { left: number; top: number } {
  const left = point.x + GAP + size.width > page.width ? point.x - GAP - size.width : point.x + GAP;
  const top = point.y + GAP + size.height > page.height ? point.y - GAP - size.height : point.y + GAP;
  return { left: Math.max(4, left), top: Math.max(4, top) };
}

export function Tooltip() {
  const box = useRef<HTMLDivElement>(null);
  const readout = shown.value;
  useLayoutEffect(() => {
    if (!box.current || !readout) return;
    const size = box.current.getBoundingClientRect();
    const { left, top } = placeBeside(readout, size, { width: innerWidth, height: innerHeight });
    box.current.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [readout]);
  const content = readout && (
    <>
      <div class="tooltip-title">{readout.title}</div>
      <table>
        <tbody>
          {readout.rows.map(([when, value, what]) => (
            <tr key={`${when} ${what}`}>
              <td>{when}</td>
              <th scope="row">{value}</th>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
  return (
    <>
      {content && (
        <div class="tooltip" role="tooltip" ref={box}>
          {content}
        </div>
      )}
      <div class="hidden-visually" aria-live="polite">
        {readout?.announced && content}
      </div>
    </>
  );
}
