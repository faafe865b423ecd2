// The slice as a picture: a map in the colours of a scale, or the image that it is.

import type { TensorViewAnswer } from "../../api/types";
import type { Rect } from "../../base/cells";
import type { ColourScale } from "../../base/colour_scale";
import { formatCell, formatFloat } from "../../base/format";
import { movedInGrid } from "../../base/grid_keys";
import { paintMatrix, paintPixels } from "../../base/matrix";
import { drawRing } from "../../base/paint";
import { look } from "../../widgets/canvas";
import { Picture, type Point } from "../../widgets/picture";
import { hideTooltip, showTooltip } from "../../widgets/tooltip";
import { type ByteRange, fitCells, imagePixels, matrixOfSlice } from "./pixels";
import { axisName, type Picks, position, type Slice } from "./slice";
import { crosshair, pointed } from "./state";

export interface SliceMapProps {
  tensor: TensorViewAnswer;
  picks: Picks;
  slice: Slice;
  scale: ColourScale;
  /** Axis of the colour channels: the slice is drawn as an image. */
  channels: number | null;
  /** What is black and what is white in an image. */
  bytes: ByteRange;
}

export function SliceMap(props: SliceMapProps) {
  const { tensor, picks, slice } = props;
  // The place of the map inside its canvas, known once it is drawn.
  const frame: Rect = { x: 0, y: 0, width: 1, height: 1 };
  const draw = (context: CanvasRenderingContext2D, size: { width: number; height: number }) => {
    Object.assign(frame, { x: 0, y: 0, ...fitCells(slice.rows, slice.columns, size) });
    drawSlice(context, frame, props);
    drawCrosshair(context, frame, slice);
  };
  const cellAt = (point: Point) => ({
    row: Math.min(Math.floor(((point.y - frame.y) / frame.height) * slice.rows), slice.rows - 1),
    column: Math.min(Math.floor(((point.x - frame.x) / frame.width) * slice.columns), slice.columns - 1),
  });
  const isInside = (point: Point) => point.x < frame.x + frame.width && point.y < frame.y + frame.height;
  const hover = (point: Point) => {
    if (!isInside(point)) return leave();
    const cell = cellAt(point);
    pointed.value = cell;
    showTooltip({ x: point.pageX, y: point.pageY, ...readout(props, cell.row, cell.column) });
  };
  const leave = () => {
    pointed.value = null;
    hideTooltip();
  };
  const move = (event: KeyboardEvent, anchor: DOMRect): boolean => {
    const next = movedInGrid(event.key, crosshair.value ?? { row: 0, column: 0 }, slice.rows, slice.columns);
    if (!next || slice.values.length === 0) return false;
    crosshair.value = next;
    const { row, column } = next;
    const x = anchor.left + ((column + 0.5) / slice.columns) * frame.width;
    const y = anchor.top + ((row + 0.5) / slice.rows) * frame.height;
    showTooltip({ x, y, announced: true, ...readout(props, row, column) });
    return true;
  };
  return (
    <Picture
      class="slice-map"
      label={`${tensor.name}: ${slice.rows} rows × ${slice.columns} columns. Arrow keys read its values.`}
      draw={draw}
      onHover={hover}
      onLeave={leave}
      onSelect={(point) => {
        if (isInside(point)) crosshair.value = cellAt(point);
      }}
      onKey={move}
      exportName={`${tensor.name}_step_${tensor.step}`}
      csv={() => csvOf(slice)}
      twin={
        <p class="hidden-visually">{`The values are in the drawing “Values” of this view, as a table around the crosshair, at ${axisName(tensor.axes, picks.rowAxis ?? 0)} and ${axisName(tensor.axes, picks.columnAxis ?? 0)}.`}</p>
      }
    />
  );
}

function readout({ tensor, picks, slice }: SliceMapProps, row: number, column: number) {
  const value = slice.values[row * slice.columns + column] ?? Number.NaN;
  const place = position(picks, row, column);
  const rows: [string, string, string][] = [[`step ${tensor.step}`, formatCell(value), formatFloat(value)]];
  const axes = place.map((entry, axis): [string, string, string] => [axisName(tensor.axes, axis), String(entry), ""]);
  return { title: `${tensor.name}[${place.join(", ")}]`, rows: [...rows, ...axes] };
}

export function drawSlice(context: CanvasRenderingContext2D, frame: Rect, props: SliceMapProps): void {
  const { tensor, picks, slice, channels, bytes, scale } = props;
  if (slice.values.length === 0) return;
  if (channels === null) paintMatrix(context, frame, matrixOfSlice(slice, scale), scale, look.value);
  else {
    const { width, height, rgba } = imagePixels(tensor.values, tensor.shape, channels, picks, bytes);
    paintPixels(context, frame, width, height, rgba);
  }
}

function drawCrosshair(context: CanvasRenderingContext2D, frame: Rect, slice: Slice): void {
  const at = crosshair.value;
  if (!at) return;
  const width = frame.width / slice.columns;
  const height = frame.height / slice.rows;
  const cell = { x: frame.x + at.column * width, y: frame.y + at.row * height, width, height };
  drawRing(context, cell, 7, look.value);
}

function csvOf(slice: Slice): string {
  const lines = Array.from({ length: slice.rows }, (_, row) =>
    Array.from(slice.values.subarray(row * slice.columns, (row + 1) * slice.columns), String).join(","),
  );
  return `${lines.join("\n")}\n`;
}
