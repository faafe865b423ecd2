// A picture: a canvas that is focusable, says what it shows, has a table as its twin, and can be taken along.

import type { ComponentChildren } from "preact";
import { drawSvg } from "../base/svg_context";
import { type Stretch, useBrush } from "./brush";
import { type Draw, look, useCanvas } from "./canvas";
import { PictureMenu } from "./picture_menu";

/** A place in the picture and the picture's size, in CSS pixels; the place in the page is for read-outs. */
export interface Point {
  x: number;
  y: number;
  width: number;
  height: number;
  pageX: number;
  pageY: number;
}

export interface PictureProps {
  label: string;
  draw: Draw;
  class?: string;
  onHover?: (point: Point) => void;
  onLeave?: () => void;
  onSelect?: (point: Point) => void;
  onDoubleClick?: (point: Point) => void;
  /** True: the wheel was used, and the page does not scroll. */
  onWheel?: (event: WheelEvent, point: Point) => boolean;
  /** A stretch that is being picked by dragging with Shift held; null: no more. */
  onBrush?: (stretch: Stretch | null) => void;
  /** A stretch was picked. */
  onBrushed?: (stretch: Stretch) => void;
  /** Moves the crosshair; true: the key was used. `anchor` is the picture's place, for an announced read-out. */
  onKey?: (event: KeyboardEvent, anchor: DOMRect) => boolean;
  /** The same content for those who don't see the canvas. */
  twin?: ComponentChildren;
  /** Name of exported files without ending. Absent: no menu. */
  exportName?: string;
  /** Content of the CSV export. */
  csv?: () => string;
}

export function Picture(props: PictureProps) {
  const canvas = useCanvas(props.draw);
  const { brushed, ...brush } = useBrush(props);
  const interactive = props.onKey || props.onSelect || props.onHover;
  const keydown = (event: KeyboardEvent & { currentTarget: Element }) => {
    if (!props.onKey?.(event, event.currentTarget.getBoundingClientRect())) return;
    event.preventDefault();
    // The frame's own keys (steps, Escape) are not for a crosshair that has just used this one.
    event.stopPropagation();
  };
  const wheel = (event: WheelEvent & { currentTarget: Element }) => {
    if (props.onWheel?.(event, pointOf(event))) event.preventDefault();
  };
  const svg = () => {
    const { clientWidth: width = 0, clientHeight: height = 0 } = canvas.current ?? {};
    const size = { width, height };
    return drawSvg(size, look.value.bg, (context) => props.draw(context, size));
  };
  return (
    <div class={`picture ${props.class ?? ""}`}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={props.label}
        tabIndex={interactive ? 0 : undefined}
        {...brush}
        onPointerMove={(event) => {
          if (!brush.onPointerMove(event)) props.onHover?.(pointOf(event));
        }}
        onPointerLeave={props.onLeave}
        onBlur={props.onLeave}
        onClick={(event) => {
          if (!brushed()) props.onSelect?.(pointOf(event));
        }}
        onDblClick={(event) => props.onDoubleClick?.(pointOf(event))}
        onWheel={wheel}
        onKeyDown={keydown}
      />
      {props.exportName && <PictureMenu name={props.exportName} svg={svg} csv={props.csv} />}
      {props.twin}
    </div>
  );
}

function pointOf(event: MouseEvent & { currentTarget: Element }): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return {
    x: event.clientX - box.left,
    y: event.clientY - box.top,
    width: box.width,
    height: box.height,
    pageX: event.clientX,
    pageY: event.clientY,
  };
}
