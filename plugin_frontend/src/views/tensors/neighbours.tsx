// The shown slice beside others, as thumbnails: along the last picked axis, and at the other saved steps.

import { useMemo } from "preact/hooks";
import { formatCount } from "../../base/format";
import { selectedStep } from "../../store/selection";
import { type Size, useCanvas } from "../../widgets/canvas";
import { fitCells } from "./pixels";
import type { SavedStep } from "./saved_steps";
import { axisName, fitPicks, pickedAxes, picksText, takeSlice } from "./slice";
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
      {entries.map((entry) => {
        const other = { ...picks, index: picks.index.with(axis, entry) };
        return (
          <Thumbnail
            key={entry}
            {...props}
            picks={other}
            label={tensor.axes[axis] ? `${tensor.axes[axis]} ${entry}` : `[${entry}]`}
            isShown={picks.index[axis] === entry}
            onPick={() => {
              chosenPicks.value = other;
              crosshair.value = null;
            }}
          />
        );
      })}
    </nav>
  );
}

/** The same slice at each saved step, in the same colours; keeps its place while they are under way. */
export function AtSavedSteps({ saved, ...props }: SliceMapProps & { saved: readonly SavedStep[] }) {
  const { tensor, picks } = props;
  return (
    <nav class="neighbours at-steps" aria-label="This slice at the saved steps">
      {saved.map(({ step, shape, values }) => (
        <Thumbnail
          key={step}
          {...props}
          tensor={{ ...tensor, step, shape, values }}
          picks={fitPicks(picks, shape)}
          label={`step ${formatCount(step)}`}
          isShown={step === tensor.step}
          onPick={() => {
            selectedStep.value = step;
          }}
        />
      ))}
    </nav>
  );
}

interface ThumbnailProps extends SliceMapProps {
  label: string;
  isShown: boolean;
  onPick: () => void;
}

function Thumbnail({ label, isShown, onPick, ...props }: ThumbnailProps) {
  const { tensor, picks, channels, scale, bytes } = props;
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) => {
      const slice = takeSlice(tensor.values, tensor.shape, picks);
      const { width, height } = fitCells(slice.rows, slice.columns, size);
      const frame = { x: (size.width - width) / 2, y: (size.height - height) / 2, width, height };
      drawSlice(context, frame, { ...props, slice });
    },
    [tensor.values, picksText(picks), scale, channels, bytes.words],
  );
  return (
    <button type="button" aria-pressed={isShown} onClick={onPick}>
      <canvas ref={useCanvas(draw, true)} />
      {label}
    </button>
  );
}
