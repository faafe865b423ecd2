// A canvas as sharp as the screen, drawn again when its size or any signal that its drawing reads has changed.

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { CellColours } from "../base/cells";
import { computed, effect, signal, useSignal } from "../base/signals";
import { dark, type Tokens, tokens } from "../theme";

export interface Size {
  width: number;
  height: number;
}

/** Draws in CSS pixels on a cleared canvas. */
export type Draw = (context: CanvasRenderingContext2D, size: Size) => void;

/** The tokens of the theme, as drawing code takes them. */
export const look = computed<Tokens & CellColours>(() => ({ ...tokens.value, dark: dark.value }));

/** Canvases that wait this far outside the window are drawn already. */
const MARGIN_PX = 160;

/** A canvas under the given drawing. With `lazy` it is drawn only while it is near the window. */
export function useCanvas(draw: Draw, lazy = false): RefObject<HTMLCanvasElement | null> {
  const canvas = useRef<HTMLCanvasElement>(null);
  const inputs = useMemo(
    () => ({ draw: signal(draw), size: signal<Size>({ width: 0, height: 0 }), near: signal(!lazy) }),
    [lazy],
  );
  useLayoutEffect(() => {
    inputs.draw.value = draw;
  }, [inputs, draw]);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const stops = [
      followSize(element, ({ contentRect: { width, height } }) => {
        inputs.size.value = { width, height };
      }),
    ];
    if (lazy)
      stops.push(
        followNearness(element, ({ isIntersecting }) => {
          inputs.near.value = isIntersecting;
        }),
      );
    stops.push(effect(() => redraw(element, inputs.near.value ? inputs.draw.value : null, inputs.size.value)));
    return () => {
      for (const stop of stops) stop();
    };
  }, [inputs, lazy]);
  return canvas;
}

function redraw(canvas: HTMLCanvasElement, draw: Draw | null, size: Size): void {
  const context = canvas.getContext("2d");
  if (!draw || !context || size.width === 0 || size.height === 0) return;
  const ratio = window.devicePixelRatio || 1;
  // Setting the size also clears.
  canvas.width = Math.round(size.width * ratio);
  canvas.height = Math.round(size.height * ratio);
  context.scale(ratio, ratio);
  draw(context, size);
}

type Follower<E> = (entry: E) => void;

/** One observer for all canvases: a page of a thousand small pictures has a thousand of them. */
function sharedObserver<E extends { target: Element }>(
  create: (notify: (entries: E[]) => void) => { observe(element: Element): void; unobserve(element: Element): void },
): (element: Element, follower: Follower<E>) => () => void {
  const followers = new WeakMap<Element, Follower<E>>();
  let observer: ReturnType<typeof create> | null = null;
  return (element, follower) => {
    observer ??= create((entries) => {
      for (const entry of entries) followers.get(entry.target)?.(entry);
    });
    followers.set(element, follower);
    observer.observe(element);
    return () => observer?.unobserve(element);
  };
}

const followSize = sharedObserver<ResizeObserverEntry>((notify) => new ResizeObserver(notify));
/** Width of an element as it is laid out; the given one until it is known. */
export function useWidth(of: RefObject<Element | null>, unknown: number): number {
  const width = useSignal(unknown);
  useEffect(() => {
    const follow = ({ contentRect }: ResizeObserverEntry) => {
      width.value = contentRect.width || width.peek();
    };
    return of.current ? followSize(of.current, follow) : undefined;
  }, [of, width]);
  return width.value;
}

const MARGIN = `${MARGIN_PX}px`;
/** Says of an element whether it is near what is in view, now and whenever that changes; returns the end of it. */
export const followNearness = sharedObserver<IntersectionObserverEntry>(
  (notify) => new IntersectionObserver(notify, { rootMargin: MARGIN, scrollMargin: MARGIN }),
);
