// The shown slice at the steps at which the tensor was saved.

import { useMemo } from "preact/hooks";
import type { TensorViewEntry } from "../../api/types";
import { csvOf } from "../../base/csv";
import { formatCell, formatCount, formatNumber } from "../../base/format";
import { drawLine, drawText, unbroken } from "../../base/paint";
import { drawSvg } from "../../base/svg_context";
import { look } from "../../widgets/canvas";
import { Term } from "../../widgets/meaning";
import { PictureMenu } from "../../widgets/picture_menu";
import { finiteExtent, linearPlace, linePath } from "../../widgets/rail_geometry";
import { PanelSection } from "../../widgets/side_panel";
import { stepAxis } from "../../widgets/step_axis";
import { Table } from "../../widgets/table";
import type { SavedStep } from "./saved_steps";
import { fitPicks, type Picks, picksText, shownValues } from "./slice";
import { type Summary, summarize } from "./summary";

interface OverStepsProps {
  saved: readonly SavedStep[];
  entry: TensorViewEntry;
  /** The step on display. */
  step: number;
  picks: Picks;
  channels: number | null;
}

export function OverSteps({ saved, entry, step, picks, channels }: OverStepsProps) {
  const summaries = useMemo(() => summariesOf(saved, picks, channels), [saved, picksText(picks), channels]);
  const steps = saved.map((each) => each.step);
  const now = steps.findLastIndex((each) => each <= step);
  const left = entry.steps.length - steps.length;
  return (
    <PanelSection title={`over steps ${formatCount(steps[0] ?? 0)} to ${formatCount(steps.at(-1) ?? 0)}`}>
      <div class="over-steps">
        <Table
          caption="Statistics over steps"
          head={["statistic", <span class="hidden-visually">over steps</span>, "now"]}
          rows={LINES.map(([label, of, text, meaning]) => {
            const values = summaries.map(of);
            const value = values[now] ?? Number.NaN;
            const line = <Line steps={steps} values={values} now={now} label={label} />;
            return {
              key: label,
              cells: [<Term of={meaning}>{label}</Term>, line, Number.isNaN(value) ? "–" : text(value)],
            };
          })}
        />
        <PictureMenu
          below
          name={`${entry.name} over steps`}
          svg={() => drawSvg(FILE, look.value.bg, (context) => paintLines(context, steps, summaries))}
          csv={() =>
            csvOf([
              ["step", ...LINES.map(([label]) => label)],
              ...summaries.map((summary, index) => [steps[index] ?? "", ...LINES.map(([, of]) => of(summary))]),
            ])
          }
        />
      </div>
      {left > 0 && <p class="quiet">{`${steps.length} of ${entry.steps.length} saved steps`}</p>}
    </PanelSection>
  );
}

function summariesOf(saved: readonly SavedStep[], picks: Picks, channels: number | null): Summary[] {
  return saved.map(({ values, shape }) => summarize(shownValues(values, shape, fitPicks(picks, shape), channels)));
}

const LINES: [label: string, of: (summary: Summary) => number, text: (value: number) => string, meaning: string][] = [
  ["maximum", ({ max }) => max, formatCell, "max"],
  ["mean", ({ mean }) => mean, formatNumber, "mean"],
  ["std", ({ std }) => std, formatNumber, "std"],
  ["NaN, Inf", ({ nan, inf }) => nan + inf, formatCount, "nonfinite"],
];

const [WIDTH, HEIGHT] = [64, 20];

const ROW = 72;
const FILE = { width: 360, height: LINES.length * ROW };

/** All lines below each other, each with its name and range. */
export function paintLines(context: CanvasRenderingContext2D, steps: number[], summaries: Summary[]): void {
  const axis = stepAxis(steps, 8, FILE.width - 8);
  LINES.forEach(([label, of], row) => {
    const values = summaries.map(of);
    const extent = finiteExtent([{ values }]);
    const top = row * ROW;
    drawText(context, label, axis.left, top + 12, look.value.ink);
    const range = extent ? extent.map(formatNumber).join(" to ") : "–";
    drawText(context, range, axis.right, top + 12, look.value.ink2, "right");
    if (!extent) return;
    const place = linearPlace(extent);
    const height = ROW - 24;
    const lines = unbroken(steps, (i) => [
      axis.x(steps[i] ?? Number.NaN),
      top + ROW - 4 - height * place(values[i] ?? Number.NaN),
    ]);
    for (const line of lines) drawLine(context, line, look.value.ink);
  });
}

function Line({ steps, values, now, label }: { steps: number[]; values: number[]; now: number; label: string }) {
  const axis = stepAxis(steps, 0, WIDTH);
  const series = { steps, values: Float64Array.from(values) };
  const extent = finiteExtent([series]);
  const place = linearPlace(extent ?? [0, 0]);
  const box = { top: 0, bottom: HEIGHT };
  const here = linePath(
    { steps: steps.slice(now, now + 1), values: series.values.slice(now, now + 1) },
    axis,
    place,
    box,
  );
  const words = extent
    ? `${label} from ${formatNumber(extent[0])} to ${formatNumber(extent[1])}`
    : `no finite ${label}`;
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={words}>
      <title>{words}</title>
      <path class="sparkline-line" d={linePath(series, axis, place, box)} />
      {here && <path class="over-steps-now" d={`${here}h0`} />}
    </svg>
  );
}
