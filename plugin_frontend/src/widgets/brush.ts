// Dragging with Shift held picks a stretch of a picture.

import { useRef } from "preact/hooks";

export interface Stretch {
  /** Left and right edge in the picture, in CSS pixels. */
  from: number;
  to: number;
}

export interface BrushTarget {
  /** While it is being picked; null: it was given up. */
  onBrush?: ((stretch: Stretch | null) => void) | undefined;
  onBrushed?: ((stretch: Stretch) => void) | undefined;
}

/** Less is a click with an unsteady hand. */
const LEAST_WIDTH = 4;

type CanvasPointerEvent = PointerEvent & { currentTarget: HTMLCanvasElement };

/** Handlers for the picture's canvas; `brushed` says whether the click that follows belongs to a drag. */
export function useBrush({ onBrush, onBrushed }: BrushTarget) {
  const start = useRef<number | null>(null);
  const isClickOfDrag = useRef(false);
  const stretchTo = (event: CanvasPointerEvent): Stretch | null => {
    if (start.current === null) return null;
    const end = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return { from: Math.min(start.current, end), to: Math.max(start.current, end) };
  };
  return {
    onPointerDown: (event: CanvasPointerEvent) => {
      isClickOfDrag.current = false;
      if (!onBrushed || !event.shiftKey || event.button !== 0) return;
      event.preventDefault(); // Shift would extend a selection of text
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = event.clientX - event.currentTarget.getBoundingClientRect().left;
    },
    onPointerMove: (event: CanvasPointerEvent): boolean => {
      const stretch = stretchTo(event);
      if (stretch) onBrush?.(stretch);
      return stretch !== null;
    },
    onPointerUp: (event: CanvasPointerEvent) => {
      const stretch = stretchTo(event);
      start.current = null;
      if (!stretch) return;
      onBrush?.(null);
      isClickOfDrag.current = true;
      if (stretch.to - stretch.from >= LEAST_WIDTH) onBrushed?.(stretch);
    },
    onPointerCancel: () => {
      start.current = null;
      onBrush?.(null);
    },
    brushed: () => isClickOfDrag.current,
  };
}
