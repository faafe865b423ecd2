// A small line over steps, logarithmic where it can be, with the current step; what is no number is marked.

import { State } from "../../api/types";
import { logAxis } from "../../base/axis";
import { isNonFinite } from "../../base/cells";
import { csvOf } from "../../base/csv";
import { formatNumber } from "../../base/format";
import { STATE_WORDS } from "../../base/state_words";
import { currentStep } from "../../store/selection";
import { SvgPicture } from "../../widgets/picture_menu";
import { finiteExtent, linearPlace, linePath, spread } from "../../widgets/rail_geometry";
import { stepAxis } from "../../widgets/step_axis";

export interface SparklineData {
  steps: readonly number[];
  values: Float64Array;
  state: Uint8Array;
  /** Finite values of something to compare with, at the same steps. */
  beside?: Float64Array | undefined;
}

interface SparklineProps extends SparklineData {
  /** What it shows, "gradient norm of fc1.weight": the name of its files. Absent: it is a sign in a table. */
  name?: string;
  width?: number;
  height?: number;
  /** A step to mark. */
  mark?: number;
  /** Words below it that say what it shows, where nothing else does; it then lacks the current step. */
  words?: string;
  /** A sign without words or the current step. */
  plain?: boolean;
}

export function Sparkline({
  name,
  steps,
  values,
  state,
  beside,
  width = 288,
  height = 48,
  mark,
  words,
  plain = false,
}: SparklineProps) {
  const axis = stepAxis(steps, 0, width);
  const visible = values.map((value, index) => (state[index] === State.finite ? value : Number.NaN));
  const extent = finiteExtent([visible, beside ?? []].map((line) => ({ steps, values: line })));
  const range = extent ? `${formatNumber(extent[0])} to ${formatNumber(extent[1])}` : STATE_WORDS[state[0] ?? 0];
  const now = plain || words ? null : currentStep.value;
  return (
    <figure class="sparkline">
      <SvgPicture exportName={name && `${name} over steps`} csv={() => sparklineCsv(name ?? "", steps, values)}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label={`${words ?? name ?? "norm over steps"}: ${range ?? ""}`}
        >
          {[visible, beside].map(
            (line, index) =>
              line && (
                <path
                  key={index}
                  class="sparkline-line"
                  d={linePath({ steps, values: line }, axis, placeOf(extent), { top: 0, bottom: height })}
                />
              ),
          )}
          {stretches(state).map(({ sign, from, to }) => {
            const [left, right] = [axis.columns[from]?.left ?? 0, axis.columns[to]?.right ?? 0];
            const foot = sign === "zero" ? 4 : height;
            const size = Math.max(1.5, right - left);
            return (
              <rect key={from} class={`sparkline-${sign}`} x={left} y={height - foot} width={size} height={foot} />
            );
          })}
          {mark !== undefined && <line class="sparkline-mark" x1={axis.x(mark)} x2={axis.x(mark)} y1="0" y2={height} />}
          {now !== null && <line class="track-now" x1={axis.x(now)} x2={axis.x(now)} y1="0" y2={height} />}
        </svg>
      </SvgPicture>
      {!plain && (
        <figcaption>
          {words && <div>{words}</div>}
          {range}
        </figcaption>
      )}
    </figure>
  );
}

function sparklineCsv(name: string, steps: readonly number[], values: Float64Array): string {
  return csvOf([["step", name], ...steps.map((step, index) => [step, values[index] ?? Number.NaN])]);
}

/** Logarithmic where all is above 0. */
function placeOf(extent: readonly [number, number] | null): (value: number) => number {
  if (!extent) return () => Number.NaN;
  return extent[0] > 0 ? logAxis(...spread(extent)).position : linearPlace(extent);
}

type Sign = "zero" | "nan" | "still-nan" | "inf" | "none";

/** Neighbouring steps that are not an ordinary number; the first NaN is loud, what stays NaN is quiet. */
function stretches(state: Uint8Array): { sign: Sign; from: number; to: number }[] {
  const found: { sign: Sign; from: number; to: number }[] = [];
  state.forEach((kind, index) => {
    const sign = signOf(kind, state[index - 1]);
    if (!sign) return;
    const last = found.at(-1);
    if (last?.sign === sign && last.to === index - 1) last.to = index;
    else found.push({ sign, from: index, to: index });
  });
  return found;
}

function signOf(kind: number, before: number | undefined): Sign | null {
  if (kind === State.zero) return "zero";
  if (kind === State.nan) return before === State.nan ? "still-nan" : "nan";
  if (isNonFinite(kind)) return "inf";
  return kind === State.noGradient || kind === State.frozen ? "none" : null;
}
