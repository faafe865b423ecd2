// A small line over steps, logarithmic, with the current step; what is not finite is marked at its foot.

import { State } from "../../api/types";
import { logAxis } from "../../base/axis";
import { isNonFinite } from "../../base/cells";
import { formatNumber } from "../../base/format";
import { currentStep } from "../../store/selection";
import { finiteExtent, linePath } from "../../widgets/rail_geometry";
import { stepAxis } from "../../widgets/step_axis";

const WIDTH = 288;
const HEIGHT = 48;

interface SparklineProps {
  steps: readonly number[];
  values: Float64Array;
  state: Uint8Array;
}

export function Sparkline({ steps, values, state }: SparklineProps) {
  const axis = stepAxis(steps, 0, WIDTH);
  const positive = values.map((value) => (value > 0 ? value : Number.NaN));
  const extent = finiteExtent([{ steps, values: positive }]);
  const place = extent && extent[0] < extent[1] ? logAxis(...extent).position : () => 0.5;
  const visible = positive.map((value, index) => (isNonFinite(state[index] ?? 0) ? Number.NaN : value));
  const now = currentStep.value;
  return (
    <figure class="sparkline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={describe(extent)}>
        <path
          class="sparkline-line"
          d={linePath({ steps, values: visible }, axis, place, { top: 0, bottom: HEIGHT })}
        />
        {axis.columns.map(({ left, right }, index) => {
          const kind = state[index] ?? 0;
          const mark = kind === State.zero ? "zero" : kind === State.nan ? "nan" : isNonFinite(kind) ? "inf" : null;
          if (!mark) return null;
          return (
            <rect
              key={steps[index]}
              class={`sparkline-${mark}`}
              x={left}
              y={mark === "zero" ? HEIGHT - 4 : 0}
              width={Math.max(1.5, right - left)}
              height={mark === "zero" ? 4 : HEIGHT}
            />
          );
        })}
        {now !== null && <line class="track-now" x1={axis.x(now)} x2={axis.x(now)} y1="0" y2={HEIGHT} />}
      </svg>
      <figcaption>{extent && `${formatNumber(extent[0])} to ${formatNumber(extent[1])}`}</figcaption>
    </figure>
  );
}

function describe(extent: [number, number] | null): string {
  return extent
    ? `Norm over steps, from ${formatNumber(extent[0])} to ${formatNumber(extent[1])}`
    : "No finite norm above 0";
}
