// Where one looks at the picture from, and how that changes: a picture that opens, grows, or has a panel over it.

import { batch, type Signal, signal } from "../../base/signals";
import { type Camera, fitAll, fitRect, hold, isInView, openingCamera, type Rect, reveal, type Size } from "./camera";
import type { PlacedScene } from "./placed";

/** A picture on its way to the next: boxes move from where they were. */
export interface Transition {
  from: Map<number, Rect>;
  /** How far the picture itself has moved, so that the clicked box stays on the screen. */
  shift: { x: number; y: number };
  /** 0 at its start, 1 at its end. */
  progress: number;
}

const TRANSITION_MS = 150;
/** As side_panel.css has it. */
const PANEL_LIES_OVER = "(720px <= width < 1100px)";
const PANEL_WIDTH = 320;

export class Viewpoint {
  readonly camera: Signal<Camera>;
  readonly screen: Signal<Size> = signal({ width: 0, height: 0 });
  readonly transition: Signal<Transition | null> = signal(null);
  #opened: boolean;
  #frame = 0;

  /** With `beside` it shares the camera of another one, whose picture stands beside its own. */
  constructor(beside: Viewpoint | null) {
    this.camera = beside?.camera ?? signal({ x: 0, y: 0, zoom: 1 });
    this.#opened = beside !== null;
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
  }

  /** The size of the canvas has changed. A panel that opens beside it must not push what is `kept` out of sight. */
  resize(size: Size, placed: PlacedScene | null, kept: Rect | undefined): void {
    batch(() => {
      const before = this.screen.value;
      this.screen.value = size;
      this.#open(placed, kept);
      if (kept && isInView(this.camera.value, kept, before)) this.reveal(kept);
    });
  }

  /** At the next change of its size the picture is placed in the canvas anew. */
  reopen(): void {
    this.#opened = false;
  }

  fit(placed: PlacedScene): void {
    this.camera.value = fitAll(placed, this.screen.value);
  }

  /** A rectangle as large as it can be read, in the middle. */
  zoomTo(rect: Rect): void {
    this.camera.value = fitRect(rect, this.#uncovered());
  }

  /** Moves no farther than needed to see a rectangle. */
  reveal(rect: Rect): void {
    if (this.screen.value.width > 0) this.camera.value = reveal(this.camera.value, rect, this.#uncovered());
  }

  /** From one picture to the next; what the spine of the `anchor` enters stays where it is on the screen. */
  follow(before: PlacedScene | null, after: PlacedScene, anchor: number | null, selected: Rect | undefined): void {
    const old = before && anchor !== null ? spineEnd(before, anchor) : null;
    const now = anchor === null ? null : spineEnd(after, anchor);
    if (old && now) this.camera.value = hold(this.camera.value, old, now);
    const shift = old && now ? { x: now.x - old.x, y: now.y - old.y } : { x: 0, y: 0 };
    if (before) this.#startTransition(before, shift);
    this.#open(after, selected);
  }

  /** The first time that there is a picture and a canvas, the one is placed in the other. */
  #open(placed: PlacedScene | null, selected: Rect | undefined): void {
    if (this.#opened || !placed || this.screen.value.width === 0) return;
    this.#opened = true;
    this.camera.value = openingCamera(placed, placed.anchor, this.screen.value);
    if (selected) this.reveal(selected);
  }

  /** The part of the canvas that no panel lies over. */
  #uncovered(): Size {
    const { width, height } = this.screen.value;
    return matchMedia(PANEL_LIES_OVER).matches
      ? { width: Math.max(160, width - PANEL_WIDTH), height }
      : { width, height };
  }

  #startTransition(before: PlacedScene, shift: { x: number; y: number }): void {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    cancelAnimationFrame(this.#frame);
    const start = performance.now();
    const advance = (now: number) => {
      const progress = Math.min(1, Math.max(0, (now - start) / TRANSITION_MS));
      this.transition.value = progress < 1 ? { from: before.boxes, shift, progress: easeOut(progress) } : null;
      if (progress < 1) this.#frame = requestAnimationFrame(advance);
    };
    advance(start);
  }
}

const easeOut = (t: number): number => 1 - (1 - t) ** 3;

/** Where the spine enters a box: the point that stays when the box is opened or closed. */
function spineEnd(placed: PlacedScene, node: number): { x: number; y: number } | null {
  const rect = placed.boxes.get(node);
  const group = placed.groupOf.get(node);
  return rect ? { x: rect.x + (group ? group.layout.anchor : rect.width / 2), y: rect.y } : null;
}
