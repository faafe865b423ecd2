// Lines over the steps above the map: loss, and the norm of all gradients together.

import { useRef } from "preact/hooks";
import type { Curve, StatisticsAnswer } from "../../api/types";
import { logAxis } from "../../base/axis";
import { isNonFinite } from "../../base/cells";
import { csvOf } from "../../base/csv";
import { formatNumber, middleEllipsis } from "../../base/format";
import { indexAtOrBefore } from "../../base/steps";
import { colourOfRun, losses } from "../../store/data";
import { currentStep, ourRuns, stepRange } from "../../store/selection";
import { useWidth } from "../../widgets/canvas";
import { SvgPicture } from "../../widgets/picture_menu";
import { finiteExtent, type Line, linearPlace, linePath, spread } from "../../widgets/rail_geometry";
import { type StepAxis, stepAxis, trackEdges } from "../../widgets/step_axis";
import { STAGE_WORDS } from "./columns";
import type { RunData } from "./run_data";
import type { Extras } from "./run_extras";

export const TRACK_HEIGHT = 28;

interface Track {
  label: string;
  lines: { run: string; line: Line }[];
  place: (value: number) => number;
}

interface TracksProps {
  runs: readonly RunData[];
  norms: readonly Float64Array[];
  extras: Extras;
  /** Those that the map shows. */
  steps: ArrayLike<number>;
}

export function Tracks({ runs, norms, extras, steps }: TracksProps) {
  const box = useRef<HTMLDivElement>(null);
  // A guess first: tracks that came later would push the map down, and have it laid out twice.
  const width = useWidth(box, innerWidth);
  const { left, right } = trackEdges(width);
  const axis = stepAxis(Array.from(steps), left, right);
  const tracks = [lossTrack(runs), normTrack(runs, norms), rateTrack(runs, extras)].filter((track) => track !== null);
  return (
    <div class="tracks" ref={box}>
      {tracks.map((track) => (
        <TrackRow key={track.label} track={track} axis={axis} width={width} />
      ))}
    </div>
  );
}

function lossTrack(runs: readonly RunData[]): Track | null {
  return linearTrack("loss", runs, (run) => losses.value.get(run));
}

function rateTrack(runs: readonly RunData[], extras: Extras): Track | null {
  return linearTrack("learning_rate", runs, (run) => extras.get(run)?.learningRate);
}

/** Null where there is no such curve: one that is still to come has its place already. */
function linearTrack(
  curve: Curve,
  runs: readonly RunData[],
  lineOf: (run: string) => Line | null | undefined,
): Track | null {
  const lines = runs.flatMap(({ place: { run } }) => {
    const line = lineOf(run);
    return line && line.steps.length > 0 ? [{ run, line }] : [];
  });
  const extent = finiteExtent(lines.map(({ line }) => line));
  const place = extent ? linearPlace(extent) : () => Number.NaN;
  return extent || runs.some(({ place: { run } }) => hasCurve(run, curve))
    ? { label: curve.replace("_", " "), lines, place }
    : null;
}

function hasCurve(name: string, curve: Curve): boolean {
  return ourRuns.value.find((run) => run.name === name)?.curves.includes(curve) ?? false;
}

/** The shown run's stage names the track. */
function normTrack(runs: readonly RunData[], norms: readonly Float64Array[]): Track | null {
  const [shown] = runs;
  if (!shown) return null;
  const lines = runs.map((run, index) => ({
    run: run.place.run,
    line: normLine(run.norms, norms[index] ?? new Float64Array()),
  }));
  const positive = lines.map(({ line }) => ({ ...line, values: Array.from(line.values).filter((value) => value > 0) }));
  const extent = finiteExtent(positive);
  if (!extent) return null;
  const axis = logAxis(...spread(extent));
  return {
    label: `${STAGE_WORDS[shown.norms.stage]} norm`,
    lines,
    // A norm of exactly 0 has no place on a logarithm: it breaks the line.
    place: (value) => (value > 0 && Number.isFinite(value) ? axis.position(value) : Number.NaN),
  };
}

/** Without the steps at which nothing was measured: those have no norm, not even NaN. */
export function normLine({ steps, state }: StatisticsAnswer, norms: Float64Array): Line {
  const count = state.length / Math.max(1, steps.length);
  const isMeasured = (step: number) =>
    !Number.isNaN(norms[step]) || state.subarray(step * count, (step + 1) * count).some(isNonFinite);
  const kept = Array.from(steps, (_, index) => index).filter(isMeasured);
  return { steps: kept.map((index) => steps[index] ?? 0), values: kept.map((index) => norms[index] ?? Number.NaN) };
}

function TrackRow({ track, axis, width }: { track: Track; axis: StepAxis; width: number }) {
  const now = currentStep.value;
  const x = placeOfNow(now, axis);
  const box = { top: 0, bottom: TRACK_HEIGHT };
  const label = axis.left < LABEL_ROOM ? track.label.replace("gradient", "grad.") : track.label;
  return (
    <SvgPicture class="track" exportName={`${track.label} over steps`} csv={() => trackCsv(track)}>
      <svg width={width} height={TRACK_HEIGHT} role="img" aria-label={describeTrack(track)}>
        <text class="track-label" x={axis.left - 8} y={TRACK_HEIGHT / 2 + 4}>
          {label}
        </text>
        <line class="track-foot" x1={axis.left} x2={axis.right} y1={TRACK_HEIGHT - 0.5} y2={TRACK_HEIGHT - 0.5} />
        {[...track.lines].reverse().map(({ run, line }) => (
          <TrackLine key={run} line={line} axis={axis} place={track.place} box={box} colour={colourOfRun(run)} />
        ))}
        {x !== null && <line class="track-now" x1={x} x2={x} y1="0" y2={TRACK_HEIGHT} />}
      </svg>
      {now !== null && width - axis.right > 100 && (
        <TrackValues track={track} now={now} left={axis.right + 10} room={width - axis.right - 40} />
      )}
    </SvgPicture>
  );
}

function trackCsv({ label, lines }: Track): string {
  const points = lines.flatMap(({ run, line }) =>
    Array.from(line.steps, (step, index) => [run, step, line.values[index] ?? Number.NaN]),
  );
  return csvOf([["run", "step", label], ...points]);
}

/** A step a little beyond the last sample is drawn at the end, one outside of a range that was zoomed to not at all. */
function placeOfNow(now: number | null, axis: StepAxis): number | null {
  if (now === null) return null;
  const range = stepRange.value;
  if (range && (now < range[0] || now > range[1])) return null;
  return Math.min(axis.right, Math.max(axis.left, axis.x(now)));
}

/** With less than this at the left, long words are shortened. */
const LABEL_ROOM = 120;

interface TrackLineProps {
  line: Line;
  axis: StepAxis;
  place: (value: number) => number;
  box: { top: number; bottom: number };
  colour: string;
}

/** One step has no line: it is a dot. */
function TrackLine({ line, axis, place, box, colour }: TrackLineProps) {
  if (axis.steps.length === 1) {
    const y = TRACK_HEIGHT / 2;
    return <circle cx={axis.x(axis.steps[0] ?? 0)} cy={y} r="2.5" fill={colour} />;
  }
  return <path class="track-line" d={linePath(line, axis, place, box)} stroke={colour} />;
}

const MOST_VALUES = 2;
const CHARACTER = 6.2;

/** With names only where there are several runs, as long as the value leaves room. */
function TrackValues({ track, now, left, room }: { track: Track; now: number; left: number; room: number }) {
  return (
    <ul class="track-values" style={{ left: `${left}px` }}>
      {track.lines.slice(0, MOST_VALUES).map(({ run, line }, _, { length }) => {
        const value = valueAt(line, now);
        return (
          <li key={run}>
            <span class="small-dot" style={{ background: colourOfRun(run) }} />
            <b>{value}</b>{" "}
            {length > 1 && <span title={run}>{middleEllipsis(run, Math.floor(room / CHARACTER) - value.length)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function valueAt({ steps, values }: Line, now: number): string {
  const index = indexAtOrBefore(steps, now);
  return index < 0 ? "" : formatNumber(values[index] ?? Number.NaN);
}

function describeTrack({ label, lines }: Track): string {
  const ends = lines.map(({ run, line: { steps, values } }) => {
    const last = values.length - 1;
    return `${run} ${formatNumber(values[0] ?? Number.NaN)} at step ${steps[0]}, ${formatNumber(values[last] ?? Number.NaN)} at step ${steps[last]}`;
  });
  return `${label}: ${ends.join("; ")}`;
}
