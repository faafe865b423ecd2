// The steps before an accident as the flight recorder kept them: all of them, not only those that were sampled.

import type { Api, Place } from "../../api/client";
import { type Finding, type FlightRecorderAnswer, State } from "../../api/types";
import { formatCount } from "../../base/format";
import { useComputed } from "../../base/signals";
import { useResource } from "../../store/data";
import { place, shownGroup } from "../../store/selection";
import { PanelSection } from "../../widgets/side_panel";
import { globalNorm } from "./headline";
import { Sparkline, type SparklineData } from "./sparkline";

interface Key {
  place: Place;
  step: number;
  site: string | null;
}

/** Nothing where the record does not reach the step of the finding. */
export function StepsBefore({ api, finding }: { api: Api; finding: Finding }) {
  const key = useComputed(() => {
    const step = recordOf(shownGroup.value?.kinds.flight_recorder ?? [], finding.step);
    const [site = null] = finding.sites;
    return place.value && step !== null ? JSON.stringify({ place: place.value, step, site } satisfies Key) : null;
  });
  const lines = useResource(key, (text) => fetchLines(api, JSON.parse(text) as Key)).value.data;
  const [first] = lines ?? [];
  if (!lines || !first || !reaches(first.steps, finding.step)) return null;
  return (
    <PanelSection
      title={`Step by step, ${formatCount(first.steps[0] ?? 0)} to ${formatCount(first.steps.at(-1) ?? 0)}`}
    >
      {lines.map(({ name, ...line }) => (
        <div key={name} class="step-before">
          <h4>{name}</h4>
          <Sparkline name={name} {...line} mark={finding.step} />
        </div>
      ))}
    </PanelSection>
  );
}

/** The record that was written at a step or, where numbers came from a device, soon after it. */
export function recordOf(recorded: readonly number[], step: number): number | null {
  return recorded.find((each) => each >= step) ?? null;
}

export function reaches(steps: readonly number[], step: number): boolean {
  const [first] = steps;
  return first !== undefined && first <= step;
}

type Line = SparklineData & { name: string };

async function fetchLines(api: Api, { place, step, site }: Key): Promise<Line[]> {
  const [answer, { sites }] = await Promise.all([api.flightRecorder(place, step), api.sites(place)]);
  const index = sites.findIndex(({ name }) => name === site);
  return linesOf(answer, site, index);
}

/** The gradient's norm of the whole model, that of a site, and the loss where the loop told it. */
export function linesOf(answer: FlightRecorderAnswer, site: string | null, index: number): Line[] {
  const steps = [...answer.steps];
  const model = globalNorm({ ...answer, values: answer.gradientNorms });
  const lines: Line[] = [{ name: "gradient norm of the model", steps, values: model, state: statesOf(model) }];
  const sites = answer.gradientNorms.length / steps.length;
  if (site !== null && index >= 0) {
    const own = Float64Array.from(steps, (_, row) => answer.gradientNorms[row * sites + index] ?? Number.NaN);
    const state = Uint8Array.from(steps, (_, row) => answer.state[row * sites + index] ?? State.missing);
    lines.push({ name: `gradient norm of ${site}`, steps, values: own, state });
  }
  const losses = answer.losses;
  const isTold = losses.findIndex(Number.isFinite) >= 0;
  return isTold ? [...lines, { name: "loss", steps, values: losses, state: statesOf(losses) }] : lines;
}

function statesOf(values: Float64Array): Uint8Array {
  return Uint8Array.from(values, (value) => {
    if (Number.isNaN(value)) return State.nan;
    return Number.isFinite(value) ? State.finite : State.posInf;
  });
}
