// All slices along the last picked axis as thumbnails: which head, which image is the odd one.

import { useMemo } from "preact/hooks";
import { type Size, useCanvas } from "../../widgets/canvas";
import { fitCells } from "./pixels";
import { axisName, pickedAxes, picksText, takeSlice } from "./slice";
import { drawSlice, type SliceMapProps } from "./slice_map";
import { picks as chosenPicks, crosshair } from "./state";
import { windowAround } from "./values_table";

/** Of a longer axis those around the picked entry are shown. */
const MOST = 48;

export function Neighbours(props: SliceMapProps) {
  const { tensor, picks, channels } = props;
  const axis = pickedAxes(tensor.shape, picks).findLast((each) => each !== channels);
  const size = axis === undefined ? 0 : (tensor.shape[axis] ?? 0);
  if (axis === undefined || size < 2 || tensor.values.length === 0) return null;
  const entries = windowAround(picks.index[axis] ?? 0, size, MOST);
  return (
    <nav class="neighbours" aria-label={`Slices along ${axisName(tensor.axes, axis)}`}>
      {entries.map((entry) => (
        <Thumbnail key={entry} {...props} axis={axis} entry={entry} />
      ))}
    </nav>
  );
}

function Thumbnail({ axis, entry, ...props }: SliceMapProps & { axis: number; entry: number }) {
  const { tensor, channels, scale, bytes } = props;
  const picks = { ...props.picks, index: props.picks.index.with(axis, entry) };
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) => {
      const slice = takeSlice(tensor.values, tensor.shape, picks);
      const { width, height } = fitCells(slice.rows, slice.columns, size);
      const frame = { x: (size.width - width) / 2, y: (size.height - height) / 2, width, height };
      drawSlice(context, frame, { tensor, picks, slice, scale, channels, bytes });
    },
    [tensor, picksText(picks), scale, channels, bytes.words],
  );
  return (
    <button
      type="button"
      aria-pressed={props.picks.index[axis] === entry}
      onClick={() => {
        chosenPicks.value = picks;
        crosshair.value = null;
      }}
    >
      <canvas ref={useCanvas(draw, true)} />
      {tensor.axes[axis] ? `${tensor.axes[axis]} ${entry}` : `[${entry}]`}
    </button>
  );
}
