// The head of the Overview: the answer as a sentence, and how far each run is.

import { formatCount, formatNumber } from "../../base/format";
import { findings, losses } from "../../store/data";
import { currentStep } from "../../store/selection";
import { Term } from "../../widgets/meaning";
import { RunDot } from "../../widgets/run_chips";
import { formatAge } from "../../widgets/step_axis";
import { countsAt, type Headline, verdictOf } from "./headline";
import type { RunData } from "./run_data";
import type { Extras, RunExtras } from "./run_extras";

/** The map is not to be pushed out of the page. */
const MOST_LINES = 4;

export function OverviewHead({ runs, extras }: { runs: readonly RunData[]; extras: Extras }) {
  const [shown] = runs;
  if (!shown) return null;
  const { title, counts } = headline(shown, extras);
  return (
    <div class="overview-head">
      <div class="overview-verdict">
        <h2>{title}</h2>
        <p>{counts.join(" · ")}</p>
      </div>
      <table class="overview-runs">
        <caption class="hidden-visually">Runs</caption>
        <tbody>
          {runs.slice(0, MOST_LINES).map((data) => (
            <RunLine key={data.place.run} data={data} extras={extras.get(data.place.run)} />
          ))}
          {runs.length > MOST_LINES && (
            <tr>
              <td>and {runs.length - MOST_LINES} more</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

/** The findings' verdict; until they are there, or where they can't be had, the run's name and why. */
function headline(shown: RunData, extras: Extras): Headline {
  const { run } = shown.place;
  const { data, error } = findings.value;
  const now = countsAt(shown.norms, currentStep.value ?? 0);
  if (data) {
    const { title, counts } = verdictOf(run, data);
    return { title, counts: [...counts, ...othersFindings(extras), ...now] };
  }
  return { title: run, counts: error ? [error.message, ...now] : [] };
}

/** "no findings in second", "2 findings in third": of the compared runs. */
function othersFindings(extras: Extras): string[] {
  return [...extras].flatMap(([run, { findings: count }]) =>
    count === null ? [] : [`${count || "no"} ${count === 1 ? "finding" : "findings"} in ${run}`],
  );
}

function RunLine({ data, extras }: { data: RunData; extras: RunExtras | undefined }) {
  const { run } = data.place;
  const loss = losses.value.get(run)?.values.at(-1);
  const left = timeLeft(data, extras);
  const share = extras?.watchShare ?? null;
  return (
    <tr>
      <th scope="row">
        <RunDot name={run} /> <span class="run-name">{run}</span>
      </th>
      <td>{describeProgress(data)}</td>
      {loss !== undefined && (
        <td class={Number.isFinite(loss) ? "overview-loss" : "overview-loss bad"}>loss {formatNumber(loss)}</td>
      )}
      <td>{describeSpeed(data, extras)}</td>
      {left && <td>{left} left</td>}
      {share !== null && (
        <td>
          <Term of="watch_share">watch</Term> {formatShare(share)}
        </td>
      )}
    </tr>
  );
}

/** "step 300 of 300" where the run said how long it is, else its newest step. */
function describeProgress({ progress, cells }: RunData): string {
  const step = formatCount(progress?.step ?? cells.steps.at(-1) ?? 0);
  const steps = progress?.total_steps ? `step ${step} of ${formatCount(progress.total_steps)}` : `step ${step}`;
  if (!progress?.epochs) return steps;
  return `epoch ${formatCount(progress.epoch ?? 0)} of ${formatCount(progress.epochs)}, ${steps}`;
}

function describeSpeed({ progress }: RunData, extras: RunExtras | undefined): string {
  const items = progress?.items_per_second;
  if (items) return `${formatCount(Math.round(items))} items/s`;
  const seconds = extras?.stepSeconds;
  return seconds ? `${formatNumber(1 / seconds)} steps/s` : "";
}

/** Of a run that said how long it is and has not got there. */
function timeLeft({ progress, cells }: RunData, extras: RunExtras | undefined): string | null {
  const total = progress?.total_steps;
  const seconds = extras?.stepSeconds;
  // Steps count from 0, so the last one is one less than the total.
  const left = (total ?? 0) - 1 - Math.max(progress?.step ?? 0, cells.steps.at(-1) ?? 0);
  return seconds && left > 0 ? formatAge(left * seconds * 1000) : null;
}

/** "0.7 %" */
function formatShare(share: number): string {
  const percent = 100 * share;
  return percent > 0 && percent < 0.05 ? "under 0.1 %" : `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}
