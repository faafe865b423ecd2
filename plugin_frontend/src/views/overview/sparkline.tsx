// A small line over steps, logarithmic, with the current step; what is not finite is marked at its foot.

import { State } from "../../api/types";
import { logAxis } from "../../base/axis";
import { isNonFinite } from "../../base/cells";
import { csvOf } from "../../base/csv";
import { formatNumber } from "../../base/format";
import { currentStep } from "../../store/selection";
import { SvgPicture } from "../../widgets/picture_menu";
import { finiteExtent, linePath } from "../../widgets/rail_geometry";
import { stepAxis } from "../../widgets/step_axis";

export interface SparklineData {
  steps: readonly number[];
  values: Float64Array;
  state: Uint8Array;
}

interface SparklineProps extends SparklineData {
  /** What it shows, "gradient norm of fc1.weight": the name of its files. Absent: it is a sign in a table. */
  name?: string;
  width?: number;
  height?: number;
  /** A step to mark. */
  mark?: number;
  /** Without the words below and the current step. */
  plain?: boolean;
}

export function Sparkline({
  name,
  steps,
  values,
  state,
  width = 288,
  height = 48,
  mark,
  plain = false,
}: SparklineProps) {
  const axis = stepAxis(steps, 0, width);
  const positive = values.map((value) => (value > 0 ? value : Number.NaN));
  const extent = finiteExtent([{ steps, values: positive }]);
  const place = extent && extent[0] < extent[1] ? logAxis(...extent).position : () => 0.5;
  const visible = positive.map((value, index) => (isNonFinite(state[index] ?? 0) ? Number.NaN : value));
  const now = plain ? null : currentStep.value;
  return (
    <figure class="sparkline">
      <SvgPicture exportName={name && `${name} over steps`} csv={() => sparklineCsv(name ?? "", steps, values)}>
        <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={describe(extent)}>
          <path
            class="sparkline-line"
            d={linePath({ steps, values: visible }, axis, place, { top: 0, bottom: height })}
          />
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
      {!plain && <figcaption>{extent && `${formatNumber(extent[0])} to ${formatNumber(extent[1])}`}</figcaption>}
    </figure>
  );
}

function sparklineCsv(name: string, steps: readonly number[], values: Float64Array): string {
  return csvOf([["step", name], ...steps.map((step, index) => [step, values[index] ?? Number.NaN])]);
}

type Sign = "zero" | "nan" | "still-nan" | "inf";

/** Neighbouring steps that are not an ordinary number; the first NaN is loud, what stays NaN is quiet. */
function stretches(state: Uint8Array): { sign: Sign; from: number; to: number }[] {
  const found: { sign: Sign; from: number; to: number }[] = [];
  state.forEach((kind, index) => {
    const before = state[index - 1];
    const sign =
      kind === State.zero ? "zero" : kind === State.nan ? (before === State.nan ? "still-nan" : "nan") : "inf";
    if (sign === "inf" && !isNonFinite(kind)) return;
    const last = found.at(-1);
    if (last?.sign === sign && last.to === index - 1) last.to = index;
    else found.push({ sign, from: index, to: index });
  });
  return found;
}

function describe(extent: [number, number] | null): string {
  return extent
    ? `Norm over steps, from ${formatNumber(extent[0])} to ${formatNumber(extent[1])}`
    : "No finite norm above 0";
}
