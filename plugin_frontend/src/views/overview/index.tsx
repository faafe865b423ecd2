// The Overview: what is true of the run in a sentence, and the map that shows it.

import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import { useResource } from "../../store/data";
import { openFinding } from "../../store/findings";
import { reloads } from "../../store/resource";
import { selectedSite, shownGroup } from "../../store/selection";
import { adopt, dark } from "../../theme";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { FindingCards } from "./cards";
import { scaleOf } from "./columns";
import { FindingPanel } from "./finding_panel";
import { OverviewHead } from "./head";
import { globalNorm } from "./headline";
import { LayersMap } from "./layers_map";
import overviewCss from "./overview.css?inline";
import { fetchRuns, type RunData, wantedKey } from "./run_data";
import { Sentence } from "./sentence";
import { scaleKind } from "./settings";
import { SitePanel } from "./site_panel";
import { Tracks } from "./tracks";

adopt(overviewCss);

export function OverviewView({ api }: { api: Api }) {
  const { data, error } = useResource(wantedKey, (key) => fetchRuns(api, key)).value;
  if (wantedKey.value === null) return <NoStatistics />;
  if (error && !data) return <Failure error={error} onRetry={retry} />;
  if (!data) return <Skeleton />;
  const site = data[0]?.sites.find(({ name }) => name === selectedSite.value);
  return (
    <div class="split">
      <div class="split-main overview">
        {error && <Failure error={error} onRetry={retry} />}
        <OverviewContent api={api} runs={data} />
      </div>
      {openFinding.value === null ? site && <SitePanel api={api} site={site} onRetry={retry} /> : <FindingPanel />}
    </div>
  );
}

function retry(): void {
  reloads.value += 1;
}

function NoStatistics() {
  const kinds = Object.keys(shownGroup.value?.kinds ?? {}).join(", ");
  return (
    <Empty
      title="No statistics in this group yet"
      lines={[`It holds ${kinds || "nothing"} so far. A watched model is sampled at its first optimizer step:`]}
      code="writer.watch(model, optimizer)"
    />
  );
}

function OverviewContent({ api, runs }: { api: Api; runs: RunData[] }) {
  const [shown] = runs;
  const norms = useMemo(() => runs.map((run) => globalNorm(run.norms)), [runs]);
  const kind = scaleKind.value;
  const isDark = dark.value;
  const scale = useMemo(() => shown && scaleOf(shown.column, shown.cells.values, kind, isDark), [shown, kind, isDark]);
  if (!shown || !scale) return null;
  return (
    <>
      <OverviewHead runs={runs} />
      <FindingCards api={api} />
      <Sentence data={shown} scale={scale} />
      <Tracks runs={runs} norms={norms} />
      <LayersMap runs={runs} scale={scale} />
    </>
  );
}
