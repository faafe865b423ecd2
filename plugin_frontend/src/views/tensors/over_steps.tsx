// The shown slice at the steps at which the tensor was saved.

import { signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { TensorViewEntry } from "../../api/types";
import { thinned } from "../../base/bins";
import { formatCount, formatNumber } from "../../base/format";
import { useResource } from "../../store/data";
import { finiteExtent, linearPlace, linePath } from "../../widgets/rail_geometry";
import { PanelSection } from "../../widgets/side_panel";
import { stepAxis } from "../../widgets/step_axis";
import { Table } from "../../widgets/table";
import { fitPicks, type Picks, picksText, shownValues } from "./slice";
import { type Summary, summarize } from "./summary";

interface OverStepsProps {
  api: Api;
  place: Place;
  entry: TensorViewEntry;
  /** The step on display. */
  step: number;
  picks: Picks;
  channels: number | null;
}

interface SavedStep {
  step: number;
  shape: number[];
  values: Float32Array;
}

/** Together they stay under 16 MB, on the wire as well. */
const MOST_VALUES = 4_000_000;
const MOST_STEPS = 24;

/** Evenly apart, the last one always among them. */
export function stepsToAsk({ steps, shape }: Pick<TensorViewEntry, "steps" | "shape">): number[] {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const most = Math.max(2, Math.min(MOST_STEPS, Math.floor(MOST_VALUES / Math.max(1, size))));
  return thinned(steps.length, most).flatMap((index) => steps[index] ?? []);
}

export function OverSteps({ api, place, entry, step, picks, channels }: OverStepsProps) {
  const wanted = JSON.stringify([place, stepsToAsk(entry)]);
  const key = useMemo(() => signal(wanted), []);
  useLayoutEffect(() => {
    key.value = wanted;
  }, [key, wanted]);
  const known = useMemo(() => new Map<string, SavedStep>(), []);
  const { data } = useResource(key, (text) => askSteps(api, text, known)).value;
  const summaries = useMemo(() => summariesOf(data ?? [], picks, channels), [data, picksText(picks), channels]);
  if (!data || data.length < 2) return null;
  const steps = data.map((each) => each.step);
  const now = steps.findLastIndex((each) => each <= step);
  const left = entry.steps.length - steps.length;
  return (
    <PanelSection title={`over steps ${formatCount(steps[0] ?? 0)} to ${formatCount(steps.at(-1) ?? 0)}`}>
      <div class="over-steps">
        <Table
          caption="Statistics over steps"
          head={["statistic", <span class="hidden-visually">over steps</span>, "now"]}
          rows={LINES.map(([label, of]) => ({
            key: label,
            cells: [
              label,
              <Line steps={steps} values={summaries.map(of)} now={now} label={label} />,
              valueText(summaries[now], of),
            ],
          }))}
        />
      </div>
      {left > 0 && <p class="quiet">{`${steps.length} of ${entry.steps.length} saved steps`}</p>}
    </PanelSection>
  );
}

function summariesOf(saved: readonly SavedStep[], picks: Picks, channels: number | null): Summary[] {
  return saved.map(({ values, shape }) => summarize(shownValues(values, shape, fitPicks(picks, shape), channels)));
}

const LINES: [string, (summary: Summary) => number][] = [
  ["maximum", ({ max }) => max],
  ["mean", ({ mean }) => mean],
  ["std", ({ std }) => std],
  ["NaN, Inf", ({ nan, inf }) => nan + inf],
];

function valueText(summary: Summary | undefined, of: (summary: Summary) => number): string {
  const value = summary ? of(summary) : Number.NaN;
  return Number.isNaN(value) ? "–" : formatNumber(value);
}

/** One after the other; what is known already is not asked for again, and a step that can't be read is left out. */
async function askSteps(api: Api, text: string, known: Map<string, SavedStep>): Promise<SavedStep[]> {
  const [place, steps] = JSON.parse(text) as [Place, number[]];
  const found: SavedStep[] = [];
  for (const step of steps) {
    const key = JSON.stringify([place, step]);
    const saved = known.get(key) ?? (await api.tensorView(place, step).catch(() => null));
    if (saved?.step !== step) continue;
    known.set(key, saved);
    found.push(saved);
  }
  return found;
}

const [WIDTH, HEIGHT] = [84, 20];

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
