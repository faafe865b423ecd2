// A picture: a canvas that is focusable, says what it shows, has a table as its twin, and can be taken along.

import type { ComponentChildren } from "preact";
import { adopt } from "../theme";
import { type Draw, useCanvas } from "./canvas";
import { downloadCsv, downloadPng } from "./download";
import pictureCss from "./picture.css?inline";

adopt(pictureCss);

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
  const interactive = props.onKey || props.onSelect || props.onHover;
  const keydown = (event: KeyboardEvent & { currentTarget: Element }) => {
    if (!props.onKey?.(event, event.currentTarget.getBoundingClientRect())) return;
    event.preventDefault();
    // The frame's own keys (steps, Escape) are not for a crosshair that has just used this one.
    event.stopPropagation();
  };
  return (
    <div class={`picture ${props.class ?? ""}`}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={props.label}
        tabIndex={interactive ? 0 : undefined}
        onPointerMove={(event) => props.onHover?.(pointOf(event))}
        onPointerLeave={props.onLeave}
        onBlur={props.onLeave}
        onClick={(event) => props.onSelect?.(pointOf(event))}
        onKeyDown={keydown}
      />
      {props.exportName && <PictureMenu {...props} name={props.exportName} canvas={() => canvas.current} />}
      {props.twin}
    </div>
  );
}

interface PictureMenuProps {
  name: string;
  canvas: () => HTMLCanvasElement | null;
  csv?: () => string;
}

function PictureMenu({ name, canvas, csv }: PictureMenuProps) {
  const savePng = () => {
    const element = canvas();
    if (element) downloadPng(name, element);
  };
  return (
    <div class="picture-menu">
      <button type="button" aria-label={`Save ${name} as PNG`} onClick={savePng}>
        PNG
      </button>
      {csv && (
        <button type="button" aria-label={`Save ${name} as CSV`} onClick={() => downloadCsv(name, csv())}>
          CSV
        </button>
      )}
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
