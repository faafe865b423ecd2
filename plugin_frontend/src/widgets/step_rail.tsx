// The step rail: the page's one slider, a native range under a drawing of the losses.

import { useEffect, useRef } from "preact/hooks";
import { signal } from "../base/signals";
import { colourOfRun, drawnRuns, losses, progress, runsRequest } from "../store/data";
import { shownFindings } from "../store/findings";
import { visible } from "../store/host";
import { currentStep, steps } from "../store/selection";
import { goToIndex, goToStep, moveStep, newestStepAt, playing, stepIndex, togglePlay } from "../store/step";
import { useWidth } from "./canvas";
import { NextIcon, PauseIcon, PlayIcon, PreviousIcon } from "./icons";
import { PIN_RADIUS, PinMark } from "./pin";
import { endOfFinite, finiteExtent, linearPlace, linePath, pillWidth, railTicks, TRACK } from "./rail_geometry";
import { describeSampling, formatAge, type StepAxis, stepAxis, trackEdges } from "./step_axis";

export function StepRail() {
  const rail = useRef<HTMLElement>(null);
  const width = useWidth(rail, innerWidth);
  const { left, right } = trackEdges(width);
  const axis = stepAxis(steps.value, left, right);
  return (
    <section class="rail" aria-label="Step" ref={rail}>
      <RailControls />
      <svg class="rail-drawing" width={width} height="56" aria-hidden="true">
        <RailDrawing axis={axis} />
      </svg>
      <RailTrack axis={axis} />
      <RailNews />
    </section>
  );
}

function RailControls() {
  const count = steps.value.length;
  const idle = count < 2;
  return (
    <div class="rail-controls">
      <button
        type="button"
        class="icon-button rail-neighbour"
        aria-label="Previous step"
        title="Previous step (,)"
        disabled={idle || stepIndex.value <= 0}
        onClick={() => moveStep(-1)}
      >
        <PreviousIcon />
      </button>
      <button
        type="button"
        class="rail-play"
        aria-label={playing.value ? "Stop" : "Play"}
        title={playing.value ? "Stop (Space)" : "Play the steps (Space)"}
        disabled={idle}
        onClick={togglePlay}
      >
        {playing.value ? <PauseIcon /> : <PlayIcon />}
      </button>
      <button
        type="button"
        class="icon-button rail-neighbour"
        aria-label="Next step"
        title="Next step (.)"
        disabled={idle || stepIndex.value >= count - 1}
        onClick={() => moveStep(1)}
      >
        <NextIcon />
      </button>
      <StepField />
    </div>
  );
}

/** The step in figures; one can type another. */
function StepField() {
  const now = currentStep.value;
  const text = now === null ? "…" : String(now);
  const submit = (input: HTMLInputElement) => {
    const typed = Number(input.value.trim() || Number.NaN);
    if (Number.isFinite(typed)) goToStep(typed);
    input.value = String(currentStep.value ?? "…");
  };
  return (
    <label class="rail-step">
      step
      <input
        type="text"
        inputMode="numeric"
        title="Type a step"
        value={text}
        disabled={now === null}
        style={{ width: `${Math.max(3, text.length) + 1}ch` }}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => submit(event.currentTarget)}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
    </label>
  );
}

function RailDrawing({ axis }: { axis: StepAxis }) {
  const { left, right } = axis;
  const now = currentStep.value;
  return (
    <>
      <rect class="rail-ground" x={left} y={TRACK.top} width={right - left} height={TRACK.bottom - TRACK.top} />
      <AfterTheEnd axis={axis} />
      <LossLines axis={axis} />
      <rect
        class="rail-frame"
        x={left - 0.5}
        y={TRACK.top - 0.5}
        width={right - left + 1}
        height={TRACK.bottom - TRACK.top + 1}
      />
      <Snaps axis={axis} />
      {railTicks(axis, now).map(({ value, label, position }) => (
        <text key={value} class="rail-tick" x={position} y="51">
          {label}
        </text>
      ))}
      {now !== null && axis.steps.length > 0 && <Now axis={axis} step={now} />}
      <RailPins axis={axis} />
    </>
  );
}

function drawnLosses() {
  return drawnRuns.value.flatMap((run) => {
    const loss = losses.value.get(run);
    return loss && loss.steps.length > 0 ? [{ run, loss }] : [];
  });
}

function LossLines({ axis }: { axis: StepAxis }) {
  const lines = drawnLosses();
  const extent = finiteExtent(lines.map(({ loss }) => loss));
  if (!extent || axis.steps.length < 2) return null;
  const place = linearPlace(extent);
  return (
    <>
      {lines.reverse().map(({ run, loss }) => (
        <path key={run} class="rail-loss" d={linePath(loss, axis, place)} stroke={colourOfRun(run)} />
      ))}
    </>
  );
}

/** Ground of what comes after the shown run's last finite loss. */
function AfterTheEnd({ axis }: { axis: StepAxis }) {
  const shown = losses.value.get(drawnRuns.value[0] ?? "");
  const end = shown ? endOfFinite(shown) : null;
  if (end === null) return null;
  const x = Math.min(axis.right, Math.max(axis.left, axis.x(end)));
  return <rect class="rail-lost" x={x} y={TRACK.top} width={axis.right - x} height={TRACK.bottom - TRACK.top} />;
}

const SNAP_DISTANCE = 5;

/** A dot at each sampled step where there is room for them: steps are chosen one by one. */
function Snaps({ axis }: { axis: StepAxis }) {
  const room = (axis.right - axis.left) / Math.max(1, axis.steps.length);
  if (room < SNAP_DISTANCE) return null;
  return (
    <>
      {axis.steps.map((step) => (
        <circle key={step} class="rail-snap" cx={axis.x(step)} cy={TRACK.bottom} r="1.5" />
      ))}
    </>
  );
}

function Now({ axis, step }: { axis: StepAxis; step: number }) {
  const x = Math.min(axis.right, Math.max(axis.left, axis.x(step)));
  const label = step.toLocaleString("en-US");
  const width = pillWidth(label);
  return (
    <g class="rail-now">
      <line x1={x} x2={x} y1="4" y2="40" />
      <rect class="rail-pill" x={x - width / 2} y="39" width={width} height="15" rx="7.5" />
      <text x={x} y="50">
        {label}
      </text>
    </g>
  );
}

/** Each finding's pin at its step; of several at one place the worst. */
function RailPins({ axis }: { axis: StepAxis }) {
  if (axis.steps.length === 0) return null;
  const placed: { x: number; index: number }[] = [];
  shownFindings.value.forEach(({ step }, index) => {
    const x = Math.min(axis.right, Math.max(axis.left, axis.x(step)));
    if (placed.every((other) => Math.abs(other.x - x) > 2 * PIN_RADIUS)) placed.push({ x, index });
  });
  return (
    <>
      {placed.map(({ x, index }) => (
        <PinMark key={index} index={index} x={x} y={TRACK.top + 1} />
      ))}
    </>
  );
}

/** Where the pointer drags; the range in it takes the keys and speaks. */
function RailTrack({ axis }: { axis: StepAxis }) {
  const count = axis.steps.length;
  const scrub = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    const page = event.currentTarget.getBoundingClientRect();
    goToIndex(axis.indexAt(event.clientX - page.left + axis.left));
  };
  return (
    <div
      class="rail-track"
      style={{ left: `${axis.left}px`, width: `${axis.right - axis.left}px` }}
      onPointerDown={(event) => {
        if (count < 2 || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        playing.value = false;
        scrub(event);
      }}
      onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && scrub(event)}
    >
      <input
        type="range"
        aria-label="Step"
        min="0"
        max={Math.max(0, count - 1)}
        value={stepIndex.value}
        disabled={count < 2}
        aria-valuetext={`step ${currentStep.value ?? ""}`}
        onInput={(event) => goToIndex(Number(event.currentTarget.value))}
      />
      <RailNote axis={axis} />
    </div>
  );
}

/** What the track says where there is nothing to choose from. */
function RailNote({ axis }: { axis: StepAxis }) {
  if (axis.steps.length > 1) return null;
  if (axis.steps.length === 1) return <p class="rail-note rail-note-lone">one step so far</p>;
  return <p class="rail-note">{runsRequest.value.data ? "no step yet" : "reading the runs"}</p>;
}

const clock = signal(Date.now());
const TICK_MS = 1000;
/** A run that got no step for this long is no longer called live. */
const LIVE_MS = 120_000;

/** At the right: whether steps still come, and how the run is sampled. */
function RailNews() {
  const newest = newestStepAt.value;
  const seen = visible.value;
  useEffect(() => {
    if (newest === null || !seen) return;
    const timer = setInterval(() => {
      clock.value = Date.now();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [newest, seen]);
  return (
    <div class="rail-news">
      <p>{newsOf(newest)}</p>
      <p class="rail-sampling">{describeSampling(steps.value)}</p>
    </div>
  );
}

function newsOf(newest: number | null) {
  if (newest !== null) {
    const age = Math.max(0, clock.value - newest);
    const ago = `${formatAge(age)} ago`;
    return age < LIVE_MS ? <LiveDot text={`live, ${ago}`} /> : `new step ${ago}`;
  }
  const { step, total_steps: total } = progress.value.data?.progress ?? {};
  return step !== undefined && total && step >= total ? "finished" : "";
}

function LiveDot({ text }: { text: string }) {
  const run = drawnRuns.value[0] ?? "";
  return (
    <>
      <span class="live-dot" style={{ background: colourOfRun(run) }} />
      {text}
    </>
  );
}
