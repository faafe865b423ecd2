// The canvas: drawing, pointer, wheel and keys.

import { useEffect, useRef } from "preact/hooks";
import { useCanvas } from "../../widgets/canvas";
import { hideTooltip, showTooltip } from "../../widgets/tooltip";
import { toPicture, zoomAt } from "./camera";
import type { Health } from "./health";
import { shownAs } from "./instances";
import type { GraphModel } from "./model";
import { paintGraph } from "./paint";
import { chevronRect, TEXT_ZOOM } from "./paint_boxes";
import { instanceAt, stepperRects, stripRect } from "./paint_folds";
import { pictureOf } from "./picture_of";
import { boxAt, contains, type Direction, lineAt, neighbour, slotAt } from "./placed";
import { describeLine, describeNode, describeSlot } from "./words";

const DRAG_START = 4;
const LINE_REACH = 5;
const SLOT_REACH = 2;
const WHEEL_ZOOM = 0.0022;
/** Pinches come as wheel events with small numbers. */
const PINCH_ZOOM = 0.01;
const KEY_ZOOM = 1.25;
const DIRECTIONS: Record<string, Direction> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

type At<E> = E & { currentTarget: HTMLElement };

interface Drag {
  x: number;
  y: number;
  moved: boolean;
}

export function GraphCanvas({ model, health }: { model: GraphModel; health: Health }) {
  const canvas = useCanvas((context, size) => {
    const placed = model.placed.value;
    if (!placed) return;
    paintGraph(context, size, { ...pictureOf(model, health, placed), camera: model.viewpoint.camera.value });
  });
  useEffect(() => followSize(canvas.current, model), [canvas, model]);
  const drag = usePointers(model, health);
  return (
    <div
      class="graph-canvas"
      role="application"
      aria-roledescription="graph"
      aria-label="Graph of the model; the module tree holds the same"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: role application is a widget that handles its own keys
      tabIndex={0}
      onPointerDown={drag.down}
      onPointerMove={drag.move}
      onPointerUp={drag.up}
      onPointerCancel={drag.cancel}
      onPointerLeave={() => clearHover(model)}
      onDblClick={(event) => toggleAt(model, event)}
      onWheel={(event) => turnWheel(model, event)}
      onKeyDown={(event) => pressKey(model, event)}
    >
      <canvas ref={canvas} />
    </div>
  );
}

function followSize(canvas: HTMLCanvasElement | null, model: GraphModel): () => void {
  if (!canvas) return () => {};
  const observer = new ResizeObserver(() => model.resize({ width: canvas.clientWidth, height: canvas.clientHeight }));
  observer.observe(canvas);
  return () => observer.disconnect();
}

/** One pointer drags or clicks, two pinch. */
function usePointers(model: GraphModel, health: Health) {
  const pointers = useRef(new Map<number, Drag>());
  const down = (event: At<PointerEvent>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: false });
    hideTooltip();
  };
  const move = (event: At<PointerEvent>) => {
    const own = pointers.current.get(event.pointerId);
    if (!own) {
      hoverAt(model, health, event);
      return;
    }
    const [dx, dy] = [event.clientX - own.x, event.clientY - own.y];
    if (!own.moved && Math.hypot(dx, dy) < DRAG_START) return;
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other) pinch(model, event, own, other);
    else model.viewpoint.camera.value = moved(model, dx, dy);
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: true });
  };
  const up = (event: At<PointerEvent>) => {
    const own = pointers.current.get(event.pointerId);
    pointers.current.delete(event.pointerId);
    if (own && !own.moved) clickAt(model, event);
  };
  const cancel = (event: At<PointerEvent>) => {
    pointers.current.delete(event.pointerId);
  };
  return { down, move, up, cancel };
}

const moved = (model: GraphModel, dx: number, dy: number) => {
  const { x, y, zoom } = model.viewpoint.camera.value;
  return { x: x + dx, y: y + dy, zoom };
};

function pinch(model: GraphModel, event: At<PointerEvent>, own: Drag, other: Drag): void {
  const before = Math.hypot(own.x - other.x, own.y - other.y);
  const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
  const box = event.currentTarget.getBoundingClientRect();
  const centre = { x: (event.clientX + other.x) / 2 - box.left, y: (event.clientY + other.y) / 2 - box.top };
  model.viewpoint.camera.value = zoomAt(model.viewpoint.camera.value, centre.x, centre.y, after / Math.max(before, 1));
}

/** A point of the picture under the pointer. */
function under(model: GraphModel, event: At<MouseEvent>): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return toPicture(model.viewpoint.camera.value, event.clientX - box.left, event.clientY - box.top);
}

function hoverAt(model: GraphModel, health: Health, event: At<PointerEvent>): void {
  const placed = model.placed.value;
  if (!placed) return;
  const at = under(model, event);
  const node = boxAt(placed, at.x, at.y);
  const isGround = node === null || placed.groupOf.has(node);
  const reach = LINE_REACH / model.viewpoint.camera.value.zoom;
  const line = isGround ? lineAt(placed, at.x, at.y, reach) : null;
  const slot = isGround ? slotAt(placed, at.x, at.y, SLOT_REACH) : null;
  model.hovered.value = line ? null : node;
  model.hoveredLine.value = line;
  const place = { x: event.clientX, y: event.clientY };
  if (slot) showTooltip({ ...place, ...describeSlot(model, slot) });
  else if (line) showTooltip({ ...place, ...describeLine(model, line) });
  else if (node !== null && !isGround) showTooltip({ ...place, ...describeNode(model, node, health) });
  else hideTooltip();
}

function clearHover(model: GraphModel): void {
  model.hovered.value = null;
  model.hoveredLine.value = null;
  hideTooltip();
}

function clickAt(model: GraphModel, event: At<MouseEvent>): void {
  const placed = model.placed.value;
  if (!placed) return;
  const at = under(model, event);
  const node = boxAt(placed, at.x, at.y);
  const group = node === null ? undefined : placed.groupOf.get(node);
  if (group && contains(chevronRect(group), at.x, at.y)) {
    model.toggle(group.node);
    return;
  }
  if (node !== null && pressFold(model, node, at)) return;
  const line =
    node === null || group ? lineAt(placed, at.x, at.y, LINE_REACH / model.viewpoint.camera.value.zoom) : null;
  if (line?.path.kind === "chip") model.select(model.hierarchy.ofValue(line.edge.values[0] ?? 0));
  else if (event.shiftKey && node !== null) model.showWayTo(node);
  else model.select(node);
}

/** A click on a cell or an arrow of a fold goes to that instance. */
function pressFold(model: GraphModel, id: number, at: { x: number; y: number }): boolean {
  const fold = model.hierarchy.nodes[id]?.fold;
  const rect = model.placed.value?.boxes.get(id);
  if (!fold || !rect || model.viewpoint.camera.value.zoom < TEXT_ZOOM.all) return false;
  const anchor = model.placed.value?.groupOf.get(id)?.layout.anchor ?? null;
  const cell = instanceAt(fold, stripRect(fold, rect, anchor), anchor, at.x, at.y);
  if (cell) {
    model.select(fold.instances[cell[0]] ?? id);
    return true;
  }
  if (anchor === null) return false;
  const { previous, next } = stepperRects(rect, anchor);
  const by = contains(previous, at.x, at.y) ? -1 : contains(next, at.x, at.y) ? 1 : 0;
  if (by === 0) return false;
  const count = fold.instances.length;
  model.choose(id, ((model.chosen.value.get(id) ?? 0) + by + count) % count);
  return true;
}

function toggleAt(model: GraphModel, event: At<MouseEvent>): void {
  const placed = model.placed.value;
  const at = under(model, event);
  const node = placed ? boxAt(placed, at.x, at.y) : null;
  if (node !== null) model.toggle(node);
}

/** Two fingers or the wheel move the picture; with Ctrl, or as a pinch, they zoom. */
function turnWheel(model: GraphModel, event: At<WheelEvent>): void {
  event.preventDefault();
  clearHover(model);
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  if (event.ctrlKey || event.metaKey) {
    const box = event.currentTarget.getBoundingClientRect();
    const speed = Math.abs(event.deltaY) < 50 ? PINCH_ZOOM : WHEEL_ZOOM;
    const factor = Math.exp(-event.deltaY * lines * speed);
    model.viewpoint.camera.value = zoomAt(
      model.viewpoint.camera.value,
      event.clientX - box.left,
      event.clientY - box.top,
      factor,
    );
    return;
  }
  const across = event.shiftKey && event.deltaX === 0;
  const [dx, dy] = across ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
  model.viewpoint.camera.value = moved(model, -dx * lines, -dy * lines);
}

function pressKey(model: GraphModel, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || !actOnKey(model, event.key)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** True: the key was used. */
function actOnKey(model: GraphModel, key: string): boolean {
  const placed = model.placed.value;
  const focused = model.focused.value;
  if (!placed) return false;
  const at = focused === null ? null : shownAs(model.hierarchy, focused);
  const direction = DIRECTIONS[key];
  if (direction) {
    const next =
      at === null ? model.hierarchy.groups.get(0)?.children[0] : neighbour(model.hierarchy, placed, at, direction);
    if (next !== undefined && next !== null) model.select(next);
    return true;
  }
  if (key === "Enter" && at !== null) return enter(model, at);
  if (key === "Escape" && at !== null) return goUp(model, at);
  if (key === "+" || key === "=" || key === "-") return zoomByKey(model, key === "-" ? 1 / KEY_ZOOM : KEY_ZOOM);
  return false;
}

/** Opens a closed module; in an open one goes to its first child. */
function enter(model: GraphModel, node: number): boolean {
  if (model.open.value.has(node)) model.select(placedChild(model, node));
  else model.toggle(node);
  return true;
}

const placedChild = (model: GraphModel, node: number): number =>
  model.placed.value?.groupOf.get(node)?.drawn.children[0] ?? node;

/** To the module around it; an open module is closed first. */
function goUp(model: GraphModel, node: number): boolean {
  if (model.open.value.has(node)) {
    model.toggle(node);
    return true;
  }
  const parent = model.hierarchy.nodes[node]?.parent ?? 0;
  model.select(parent > 0 ? parent : null);
  return true;
}

function zoomByKey(model: GraphModel, factor: number): boolean {
  const { width, height } = model.viewpoint.screen.value;
  model.viewpoint.camera.value = zoomAt(model.viewpoint.camera.value, width / 2, height / 2, factor);
  return true;
}
