// Facts of the slice on display: histogram, statistics, which step it is, legend.

import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { TensorViewAnswer, TensorViewEntry } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { formatCell, formatCount, formatNumber, formatShape } from "../../base/format";
import { currentStep, selectedStep } from "../../store/selection";
import { look } from "../../widgets/canvas";
import { Legend } from "../../widgets/legend";
import { Term } from "../../widgets/meaning";
import { Picture } from "../../widgets/picture";
import { PanelSection } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { type Picks, picksText, shownValues } from "./slice";
import { type Bars, bars, type Summary, summarize } from "./summary";

interface TensorPanelProps {
  entry: TensorViewEntry;
  tensor: TensorViewAnswer;
  picks: Picks;
  channels: number | null;
  scale: ColourScale;
  ofTensor: Summary;
  children: ComponentChildren;
}

export function TensorPanel({ entry, tensor, picks, channels, scale, ofTensor, children }: TensorPanelProps) {
  const shown = useMemo(
    () => shownValues(tensor.values, tensor.shape, picks, channels),
    [tensor, picksText(picks), channels],
  );
  const ofSlice = summarize(shown);
  const what = channels === null ? "slice" : "image";
  const rows = ROWS.map(([label, value, meaning]) => ({
    key: label,
    cells: [<Term of={meaning}>{label}</Term>, value(ofSlice), value(ofTensor)],
  }));
  return (
    <aside class="side-panel tensor-panel" aria-label="Facts of the tensor">
      <PanelSection title={`Values of this ${what}`}>
        <SliceHistogram values={shown} summary={ofSlice} scale={scale} />
      </PanelSection>
      <PanelSection>
        <p class="tensor-step">at step {tensor.step}</p>
        <Table
          caption={`Statistics of the ${what} and of the whole tensor`}
          head={["statistic", what, "tensor"]}
          rows={rows}
        />
        <p class="tensor-type">
          {formatShape(tensor.shape)}, {tensor.dtype}
          {tensor.dtype.startsWith("complex") && ", as magnitudes"}
          {tensor.fullShape.length > 0 &&
            `: the leading corner of ${formatShape(tensor.fullShape)}, the rest was not saved`}
        </p>
      </PanelSection>
      <StepNote entry={entry} step={tensor.step} />
      {children}
      <PanelSection>
        <Legend
          {...(ofTensor.finite > 0 && { scale })}
          unit="value"
          signs={scale.kind === "linear" ? ["infinite", "nan"] : ["zero", "infinite", "nan"]}
        />
      </PanelSection>
    </aside>
  );
}

const ROWS: [label: string, value: (summary: Summary) => string, meaning: string][] = [
  ["maximum", ({ max }) => orNone(max), "max"],
  ["mean", ({ mean }) => orNone(mean), "mean"],
  ["minimum", ({ min }) => orNone(min), "min"],
  ["std", ({ std }) => orNone(std), "std"],
  ["exactly 0", ({ zeros }) => formatCount(zeros), "zeros"],
  ["NaN, Inf", ({ nan, inf }) => (nan + inf === 0 ? "0" : `${formatCount(nan)}, ${formatCount(inf)}`), "nonfinite"],
  ["values", ({ count }) => formatCount(count), "count"],
];

const orNone = (value: number) => (Number.isNaN(value) ? "–" : formatCell(value));

/** A tensor is saved at few steps; what is drawn may be older than the rail's step. */
function StepNote({ entry, step }: { entry: TensorViewEntry; step: number }) {
  const asked = currentStep.value;
  if (asked === null || asked === step) return null;
  const which = step < asked ? "the last one before it" : `the first of ${entry.steps.length}`;
  return (
    <PanelSection>
      <p>
        Step {asked} has no saved tensor. Shown: step {step}, {which}.{" "}
        <button type="button" class="quiet-button" onClick={() => (selectedStep.value = step)}>
          Go to step {step}
        </button>
      </p>
    </PanelSection>
  );
}

function SliceHistogram({ values, summary, scale }: { values: Float32Array; summary: Summary; scale: ColourScale }) {
  const found = useMemo(() => bars(values, scale.kind === "log"), [values, scale.kind]);
  const { low, high, counts, leftOut, at } = found;
  if (counts.length === 0) {
    return <p>{summary.finite === 0 ? "No value is finite." : "Each value is exactly 0."}</p>;
  }
  const most = Math.max(...counts);
  const draw = (context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }) => {
    const bar = width / counts.length;
    counts.forEach((count, index) => {
      if (count === 0) return;
      const tall = Math.max((count / most) * (height - 2), 1);
      context.fillStyle = scale.css(at((index + 0.5) / counts.length));
      context.fillRect(index * bar, height - 1 - tall, Math.max(bar - 1, 1), tall);
    });
    context.fillStyle = look.value.line;
    context.fillRect(0, height - 1, width, 1);
  };
  return (
    <>
      <Picture
        class="slice-histogram"
        label={`Histogram of ${formatCount(summary.finite - leftOut)} finite values from ${formatNumber(low)} to ${formatNumber(high)}`}
        draw={draw}
        exportName="histogram"
        csv={() => histogramCsv(found)}
      />
      <p class="histogram-ends">
        <span>{formatCell(low)}</span>
        {leftOut > 0 && <span>{`without ${formatCount(leftOut)} × 0`}</span>}
        <span>{formatCell(high)}</span>
      </p>
    </>
  );
}

function histogramCsv({ counts, at }: Bars): string {
  const edge = (bin: number) => at(bin / counts.length);
  return `from,to,count\n${counts.map((count, bin) => `${edge(bin)},${edge(bin + 1)},${count}\n`).join("")}`;
}
