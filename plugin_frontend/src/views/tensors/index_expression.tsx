// The title as an index expression: name [ batch ‹3 of 8›, head ‹5 of 12›, query ↓, key → ].

import type { TensorViewAnswer } from "../../api/types";
import { middleEllipsis } from "../../base/format";
import { NextIcon, PreviousIcon } from "../../widgets/icons";
import { axisName, type Picks } from "./slice";
import { picks as chosenPicks, crosshair } from "./state";

interface IndexExpressionProps {
  tensor: TensorViewAnswer;
  picks: Picks;
  /** Axis of the colour channels where an image is drawn, else null. */
  channels: number | null;
}

export function IndexExpression({ tensor, picks, channels }: IndexExpressionProps) {
  return (
    <div class="index-expression">
      <h2 title={tensor.name}>{middleEllipsis(tensor.name, 32)}</h2>
      {tensor.shape.length > 0 && <span class="index-bracket">[</span>}
      {tensor.shape.map((size, axis) => (
        <div class="index-axis" key={axisName(tensor.axes, axis)}>
          <span>{axisName(tensor.axes, axis)}</span>
          <AxisBox axis={axis} size={size} picks={picks} channels={channels} name={axisName(tensor.axes, axis)} />
        </div>
      ))}
      {tensor.shape.length > 0 && <span class="index-bracket">]</span>}
    </div>
  );
}

interface AxisBoxProps {
  axis: number;
  size: number;
  picks: Picks;
  channels: number | null;
  name: string;
}

function AxisBox({ axis, size, picks, channels, name }: AxisBoxProps) {
  if (axis === channels) return <span class="index-box drawn">colour {size}</span>;
  if (axis === picks.rowAxis || axis === picks.columnAxis) {
    const down = axis === picks.rowAxis;
    const other = down ? picks.columnAxis : picks.rowAxis;
    if (channels !== null || other === null)
      return <span class="index-box drawn">{`${down ? "↓" : "→"} ${size}`}</span>;
    const swap = () => choose({ ...picks, rowAxis: picks.columnAxis, columnAxis: picks.rowAxis });
    const label = `${name} runs ${down ? "down" : "to the right"}; swap the two drawn axes`;
    return (
      <button type="button" class="index-box drawn" title={label} onClick={swap}>
        {down ? "↓" : "→"} {size}
      </button>
    );
  }
  return <Picker axis={axis} size={size} picks={picks} name={name} drawable={channels === null} />;
}

interface PickerProps {
  axis: number;
  size: number;
  picks: Picks;
  name: string;
  /** Whether the axis may take the place of the one that runs down. */
  drawable: boolean;
}

function Picker({ axis, size, picks, name, drawable }: PickerProps) {
  const entry = picks.index[axis] ?? 0;
  const go = (to: number) => choose({ ...picks, index: picks.index.with(axis, Math.min(Math.max(to, 0), size - 1)) });
  return (
    <span class="index-box">
      <button type="button" aria-label={`Previous ${name}`} disabled={entry <= 0} onClick={() => go(entry - 1)}>
        <PreviousIcon />
      </button>
      <input
        type="number"
        aria-label={`${name}, from 0 to ${size - 1}`}
        min={0}
        max={size - 1}
        value={entry}
        style={{ width: `${String(size).length + 1}ch` }}
        onChange={(event) => go(Math.trunc(Number(event.currentTarget.value)) || 0)}
      />
      <span class="index-of">of {size}</span>
      <button type="button" aria-label={`Next ${name}`} disabled={entry >= size - 1} onClick={() => go(entry + 1)}>
        <NextIcon />
      </button>
      {drawable && (
        <button
          type="button"
          aria-label={`Draw ${name} downward`}
          title={`Draw ${name} downward`}
          onClick={() => choose({ ...picks, rowAxis: axis })}
        >
          ↓
        </button>
      )}
    </span>
  );
}

function choose(picks: Picks): void {
  chosenPicks.value = picks;
  crosshair.value = null;
}
