// The head of the Overview: the answer as a sentence, and how far each run is.

import { useMemo } from "preact/hooks";
import { formatCount, formatNumber } from "../../base/format";
import { findings, losses } from "../../store/data";
import { currentStep } from "../../store/selection";
import { RunDot } from "../../widgets/run_chips";
import { countsAt, findOnset, type Headline, headlineOf, type Onset, verdictOf } from "./headline";
import type { RunData } from "./run_data";

export function OverviewHead({ runs }: { runs: readonly RunData[] }) {
  const [shown] = runs;
  const onset = useMemo(() => shown && findOnset(shown.norms, shown.sites.length), [shown]);
  if (!shown) return null;
  const { title, counts } = headline(shown, onset ?? null);
  return (
    <div class="overview-head">
      <div class="overview-verdict">
        <h2>{title}</h2>
        <p>{counts.join(" · ")}</p>
      </div>
      <table class="overview-runs">
        <caption class="hidden-visually">Runs</caption>
        <tbody>
          {runs.map((data) => (
            <RunLine key={data.place.run} data={data} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The findings' verdict; while they are on their way the run's name, and without them what the norms alone tell. */
function headline(shown: RunData, onset: Onset | null): Headline {
  const { run } = shown.place;
  const { data, error } = findings.value;
  const now = currentStep.value ?? 0;
  if (data) {
    const { title, counts } = verdictOf(run, data);
    return { title, counts: [...counts, ...countsAt(shown.norms, now)] };
  }
  if (!error) return { title: run, counts: [] };
  const names = shown.sites.map(({ name }) => name);
  return headlineOf(run, names, shown.norms, onset, now);
}

function RunLine({ data }: { data: RunData }) {
  const { run } = data.place;
  const loss = losses.value.get(run)?.values.at(-1);
  const rate = data.progress?.items_per_second;
  return (
    <tr>
      <th scope="row">
        <RunDot name={run} /> <span class="run-name">{run}</span>
      </th>
      <td>{describeProgress(data)}</td>
      {loss !== undefined && (
        <td class={Number.isFinite(loss) ? "overview-loss" : "overview-loss bad"}>loss {formatNumber(loss)}</td>
      )}
      {rate && <td>{formatCount(Math.round(rate))} items/s</td>}
    </tr>
  );
}

/** "step 300 of 300" where the run said how long it is, else its newest step. */
function describeProgress({ progress, cells }: RunData): string {
  const step = formatCount(progress?.step ?? cells.steps.at(-1) ?? 0);
  return progress?.total_steps ? `step ${step} of ${formatCount(progress.total_steps)}` : `step ${step}`;
}
