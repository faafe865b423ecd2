// One stage of the site: its picture, what it says at the step, and the read-out under the pointer.

import { useMemo, useRef } from "preact/hooks";
import type { Api } from "../../api/client";
import { type DistributionsAnswer, type Stage, State } from "../../api/types";
import { binAt, finiteCount, valueAxis } from "../../base/bins";
import { formatCount, formatNumber, formatShare } from "../../base/format";
import { drawCrosshair } from "../../base/paint";
import { type ReadonlySignal, useComputed, useSignal } from "../../base/signals";
import { STATE_WORDS } from "../../base/state_words";
import { stepColumns } from "../../base/step_columns";
import { indexAtOrBefore } from "../../base/steps";
import { currentStep } from "../../store/selection";
import { goToStep } from "../../store/step";
import { type Draw, look } from "../../widgets/canvas";
import { Term } from "../../widgets/meaning";
import { Picture, type Point } from "../../widgets/picture";
import { Failure } from "../../widgets/states";
import { Table } from "../../widgets/table";
import { hideTooltip, type Row, showTooltip } from "../../widgets/tooltip";
import { type siteKey, useDistributions } from "./data";
import { drawnAs, medianMagnitude } from "./magnitudes";
import { histogramsCsv } from "./measures";
import { drawing, pins, togglePin, valueScale, wordsOf } from "./options";
import { paintOverlay, paintRidges } from "./paint_outlines";
import { densityCanvas, paintOverSteps, plotAreas } from "./paint_over_steps";
import { atStep, type Plot, type RunDistributions } from "./plot";
import { isSame, type Subject } from "./subject";

interface StagePictureProps {
  api: Api;
  stage: Stage;
  site: ReturnType<typeof siteKey>;
}

export function StagePicture({ api, stage, site }: StagePictureProps) {
  const stageSignal = useComputed(() => stage);
  const resource = useDistributions(api, site, stageSignal);
  const { data, error } = resource.value;
  if (error && !data) return <Failure error={error} />;
  return (
    <section class="stage-picture">
      <header>
        <h3>{wordsOf(stage).title}</h3>
        <span>{data && <AtStep run={data[0]} />}</span>
        {site.value && <PinButton subject={{ ...site.value.place, site: site.value.site, stage }} />}
      </header>
      {data ? <ValuePicture runs={data} name={nameOf(data[0])} /> : <div class="picture stage-canvas" />}
    </section>
  );
}

function PinButton({ subject }: { subject: Subject }) {
  const isPinned = pins.value.some((pin) => isSame(pin, subject));
  return (
    <button
      type="button"
      class="quiet-button"
      aria-pressed={isPinned}
      aria-label={`Pin ${wordsOf(subject.stage).word} for comparison`}
      onClick={() => togglePin(subject)}
    >
      {isPinned ? "Pinned" : "Pin"}
    </button>
  );
}

const nameOf = ({ answer: { site, stage } }: RunDistributions) => `${site}: ${wordsOf(stage).word}`;

/** The one number of the step, or why there is none. */
export function AtStep({ run }: { run: RunDistributions }) {
  const { answer, index } = atStep(run, currentStep.value ?? 0);
  const { sign } = wordsOf(answer.stage);
  const state = answer.state[index] ?? State.missing;
  const special = state === State.nan ? `NaN, ${formatCount(answer.nan[index] ?? 0)} ×` : state > State.nan;
  const word = state === State.zero ? "exactly 0" : special === true ? STATE_WORDS[state] : special;
  if (word) return <>{word}</>;
  return (
    <>
      <Term of="median_magnitude">median |{sign}|</Term> {formatNumber(medianMagnitude(answer, index))}
    </>
  );
}

/** Values over steps of what is first in the list, and what is compared with it; `name` says what it is. */
export function ValuePicture({ runs: given, name: of }: { runs: Plot["runs"]; name: string }) {
  const scale = valueScale.value;
  const name = scale === "log" ? `${of}, magnitude` : of;
  const runs = useMemo(() => drawnAs(scale, given), [given, scale]);
  const { answer } = runs[0];
  const answers = useSame(runs.map((run) => run.answer));
  const axis = useMemo(() => valueAxis(answers, scale), [answers, scale]);
  const hovered = useSignal<{ step: number; position: number } | null>(null);
  const image = useMemo(() => densityImages(answer, axis), [answer, axis]);
  const draw = useMemo(() => painter(runs, axis, image, hovered), [runs, axis, image, hovered]);
  const at = (index: number, position: number, x: number, y: number, announced: boolean) => {
    hovered.value = { step: index, position };
    showTooltip({
      x,
      y,
      announced,
      title: name,
      rows: [
        ...readout(answer, index, axis.value(position)),
        ...runs.slice(1).map((run) => lineRow(run, answer.steps[index] ?? 0)),
      ],
    });
  };
  const hover = (point: Point) => {
    const { plot } = plotAreas(point);
    const index = stepColumns(answer.steps, plot.width).indexAt(point.x - plot.x);
    const position = 1 - (point.y - plot.y) / plot.height;
    if (index < 0 || position < 0 || position > 1 || !overSteps()) leave();
    else at(index, position, point.pageX, point.pageY, false);
  };
  const leave = () => {
    hovered.value = null;
    hideTooltip();
  };
  const key = (event: KeyboardEvent, anchor: DOMRect): boolean => {
    const now = hovered.value ?? {
      step: indexAtOrBefore(answer.steps, currentStep.value ?? 0),
      position: axis.position(0),
    };
    if (event.key === "Enter") goToStep(answer.steps[now.step] ?? 0);
    const next = moved(now, event.key, answer.steps.length);
    if (!next || !overSteps()) return event.key === "Enter";
    const { plot } = plotAreas(anchor);
    const x = anchor.left + plot.x + stepColumns(answer.steps, plot.width).x(answer.steps[next.step] ?? 0);
    at(next.step, next.position, x, anchor.top + plot.y + plot.height * (1 - next.position), true);
    return true;
  };
  return (
    <Picture
      class="stage-canvas"
      label={`${name} over ${answer.steps.length} steps as ${drawing.value}`}
      draw={draw}
      onHover={hover}
      onLeave={leave}
      onSelect={() => hovered.value && goToStep(answer.steps[hovered.value.step] ?? 0)}
      onKey={key}
      exportName={name.replace(":", "")}
      csv={() => histogramsCsv(given)}
      twin={<QuantileTwin answer={answer} name={name} />}
    />
  );
}

const overSteps = () => drawing.value === "density" || drawing.value === "bands";

/** The list that was given first of all with the same elements: a new current step is no new picture. */
function useSame<T>(list: readonly T[]): readonly T[] {
  const known = useRef(list);
  if (list.length !== known.current.length || list.some((each, index) => each !== known.current[index])) {
    known.current = list;
  }
  return known.current;
}

/** The density as an image, made once for a theme. */
function densityImages(answer: DistributionsAnswer, axis: Plot["axis"]): (isDark: boolean) => HTMLCanvasElement {
  const images = new Map<boolean, HTMLCanvasElement>();
  return (isDark) => {
    const image = images.get(isDark) ?? densityCanvas(answer, axis, isDark);
    images.set(isDark, image);
    return image;
  };
}

function painter(
  runs: Plot["runs"],
  axis: Plot["axis"],
  image: (isDark: boolean) => HTMLCanvasElement,
  hovered: ReadonlySignal<{ step: number; position: number } | null>,
): Draw {
  const { answer } = runs[0];
  return (context, size) => {
    const colours = look.value;
    const plot: Plot = { runs, axis, now: currentStep.value ?? 0 };
    if (drawing.value === "ridges") paintRidges(context, size, plot, colours);
    else if (drawing.value === "overlay") paintOverlay(context, size, plot, colours);
    else {
      paintOverSteps(context, size, plot, drawing.value, () => image(colours.dark), colours);
      const cross = hovered.value;
      const area = plotAreas(size).plot;
      if (!cross) return;
      const x = area.x + stepColumns(answer.steps, area.width).x(answer.steps[cross.step] ?? 0);
      drawCrosshair(context, area, x, area.y + area.height * (1 - cross.position), colours);
    }
  };
}

const VALUE_STEP = 1 / 40;

/** Arrows, Home and End; null for another key. */
function moved(now: { step: number; position: number }, key: string, count: number) {
  const steps: Record<string, number> = { ArrowLeft: now.step - 1, ArrowRight: now.step + 1, Home: 0, End: count - 1 };
  const values: Record<string, number> = { ArrowUp: now.position + VALUE_STEP, ArrowDown: now.position - VALUE_STEP };
  const step = steps[key];
  const position = values[key];
  if (step === undefined && position === undefined) return null;
  return {
    step: Math.min(count - 1, Math.max(0, step ?? now.step)),
    position: Math.min(1, Math.max(0, position ?? now.position)),
  };
}

/** The bin under the crosshair, the middle of the step, and what is in no bin. */
function readout(answer: DistributionsAnswer, index: number, value: number): Row[] {
  const bin = binAt(answer, index, value);
  const count = bin < 0 ? 0 : (answer.counts[bin] ?? 0);
  const total = finiteCount(answer, index);
  const range =
    bin < 0
      ? `at ${formatNumber(value)}`
      : `${formatNumber(answer.lower[bin] ?? 0)} to ${formatNumber(answer.upper[bin] ?? 0)}`;
  const rows: Row[] = [
    [`step ${answer.steps[index]}`, formatCount(count), `of ${formatCount(total)} values, ${range}`],
    quantileRow("", answer, index),
  ];
  if ((answer.zeros[index] ?? 0) > 0) rows.push(["", formatShare((answer.zeros[index] ?? 0) / total), "exactly 0"]);
  const infinite = (answer.posInf[index] ?? 0) + (answer.negInf[index] ?? 0);
  if (infinite > 0) rows.push(["", formatCount(infinite), "±Inf"]);
  if ((answer.nan[index] ?? 0) > 0) rows.push(["", formatCount(answer.nan[index] ?? 0), "NaN"]);
  return rows;
}

export function quantileRow(when: string, answer: DistributionsAnswer, index: number): Row {
  const { quantileLevels: levels, quantiles } = answer;
  const at = (level: number) => formatNumber(quantiles[index * levels.length + levels.indexOf(level)] ?? Number.NaN);
  return [when, at(0.5), `median; 5 to 95 %: ${at(0.05)} to ${at(0.95)}`];
}

/** What a compared line says at a step, or at its last one before. */
function lineRow({ label, answer }: RunDistributions, step: number): Row {
  return quantileRow(label, answer, indexAtOrBefore(answer.steps, step));
}

const TWIN_ROWS = 20;

function QuantileTwin({ answer, name }: { answer: DistributionsAnswer; name: string }) {
  const stride = Math.max(1, Math.ceil(answer.steps.length / TWIN_ROWS));
  const levels = answer.quantileLevels;
  const rows = Array.from(answer.steps, (step, index) => ({ step, index }))
    .filter(({ index }) => index % stride === 0)
    .map(({ step, index }) => ({
      key: String(step),
      cells: [
        String(step),
        ...levels.map((_, level) => formatNumber(answer.quantiles[index * levels.length + level] ?? Number.NaN)),
      ],
    }));
  return (
    <Table
      hidden
      caption={`Quantiles of ${name}`}
      head={["step", ...levels.map((level) => `${level * 100} %`)]}
      rows={rows}
    />
  );
}
