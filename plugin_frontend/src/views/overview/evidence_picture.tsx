// The picture of a finding's evidence: one statistic over the steps, with the step since which it is so.

import type { Api, Place } from "../../api/client";
import { type Finding, State } from "../../api/types";
import { useComputed } from "../../base/signals";
import { losses, useResource } from "../../store/data";
import { place } from "../../store/selection";
import { columnOf, STAGE_WORDS } from "./columns";
import { globalNorm } from "./headline";
import { seriesOf, statesOf } from "./site_series";
import { Sparkline, type SparklineData } from "./sparkline";

const SIZE = { width: 112, height: 48 };

export function EvidencePicture({ api, finding }: { api: Api; finding: Finding }) {
  const key = useComputed(() => (place.value && finding.picture ? place.value : null));
  const { data } = useResource(key, (where) => fetchEvidence(api, where, finding)).value;
  const series = finding.picture ? data : lossSeries(place.value?.run);
  return (
    <div class="evidence-picture">
      {series && (
        <Sparkline name={finding.title} {...series} {...SIZE} mark={finding.step} words={wordsOf(finding.picture)} />
      )}
    </div>
  );
}

function wordsOf(picture: Finding["picture"]): string {
  if (!picture) return "loss";
  const { label, kind } = columnOf(picture.column, picture.stage);
  return kind === "magnitude" ? `${STAGE_WORDS[picture.stage]} ${label}` : label;
}

async function fetchEvidence(api: Api, where: Place, { picture }: Finding): Promise<SparklineData | null> {
  if (!picture) return null;
  const [name, other] = picture.sites;
  if (name === undefined) {
    const answer = await api.statistics(where, picture.stage, picture.column);
    const values = globalNorm(answer);
    return { steps: [...answer.steps], values, state: new Uint8Array(values.length) };
  }
  const [answer, against] = await Promise.all([api.site(where, name), other ? api.site(where, other) : null]);
  return {
    beside: against ? seriesOf(against, picture.stage, picture.column) : undefined,
    steps: [...answer.steps],
    values: seriesOf(answer, picture.stage, picture.column),
    state: statesOf(answer, picture.stage),
  };
}

function lossSeries(run: string | undefined): SparklineData | null {
  const loss = losses.value.get(run ?? "");
  if (!loss) return null;
  const state = Uint8Array.from(loss.values, (value) => (Number.isNaN(value) ? State.nan : State.finite));
  return { steps: [...loss.steps], values: Float64Array.from(loss.values), state };
}
