// The Overview: what is true of the run in a sentence, and the map that shows it.

import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import { findings, useResource } from "../../store/data";
import { openFinding } from "../../store/findings";
import { useViewKeys } from "../../store/keyboard";
import { selectedSite, shownGroup, stepRange } from "../../store/selection";
import { dark } from "../../theme";
import { Empty, Failure, Skeleton, useLate } from "../../widgets/states";
import { FindingCards } from "./cards";
import { scaleOf } from "./columns";
import { FindingPanel } from "./finding_panel";
import { OverviewHead } from "./head";
import { globalNorm } from "./headline";
import { LayersMap, MAP_KEYS } from "./layers_map";
import { mapDataOf } from "./map_data";
import { fetchRuns, type RunData, wantedKey } from "./run_data";
import { type Extras, extrasKey, fetchExtras } from "./run_extras";
import { Sentence } from "./sentence";
import { mapShows, rowColours, scaleKind } from "./settings";
import { SitePanel } from "./site_panel";
import { within } from "./step_range";
import { Tracks } from "./tracks";

const NO_EXTRAS: Extras = new Map();
const NO_KEYS: readonly [] = [];

export function OverviewView({ api }: { api: Api }) {
  const { data, error } = useResource<string, RunData[]>(wantedKey, (...asked) => fetchRuns(api, ...asked)).value;
  const { areDue, areLate } = useFindings();
  useViewKeys(NO_KEYS, MAP_KEYS);
  if (wantedKey.value === null) return <NoStatistics />;
  if (error && !data) return <Failure error={error} />;
  if (!data || areDue) return <Skeleton />;
  const site = data[0]?.sites.find(({ name }) => name === selectedSite.value);
  return (
    <div class="split">
      <div class="split-main overview">
        {error && <Failure error={error} />}
        <OverviewContent api={api} runs={data} areFindingsLate={areLate} />
      </div>
      {openFinding.value === null ? site && <SitePanel api={api} site={site} /> : <FindingPanel api={api} />}
    </div>
  );
}

/**
 * Cards that come after the map would push it down under the pointer: so the map waits for them, but not for long; then
 * it comes with a place for them.
 */
const PATIENCE_MS = 400;

function useFindings(): { areDue: boolean; areLate: boolean } {
  const { data, error } = findings.value;
  const areThere = data !== null || error !== null;
  const areLate = useLate(PATIENCE_MS, !areThere);
  return { areDue: !areThere && !areLate, areLate };
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

interface OverviewContentProps {
  api: Api;
  runs: RunData[];
  areFindingsLate: boolean;
}

function OverviewContent({ api, runs, areFindingsLate }: OverviewContentProps) {
  const extras = useResource(extrasKey, (key) => fetchExtras(api, key)).value.data ?? NO_EXTRAS;
  const norms = useMemo(() => runs.map((run) => globalNorm(run.norms)), [runs]);
  const shows = mapShows.value;
  const colours = rowColours.value;
  const map = useMemo(() => mapDataOf(runs, { shows, rowColours: colours }), [runs, shows, colours]);
  const kind = scaleKind.value;
  const isDark = dark.value;
  const values = map?.cells.values;
  const scale = useMemo(
    () => map && values && scaleOf(map.column, values, kind, isDark),
    [map?.column, values, kind, isDark],
  );
  if (!map || !scale) return null;
  return (
    <>
      <OverviewHead runs={runs} extras={extras} />
      <FindingCards api={api} areLate={areFindingsLate} />
      <Sentence runs={runs} map={map} scale={scale} />
      <Tracks runs={runs} norms={norms} extras={extras} steps={within(map.cells, stepRange.value).steps} />
      <LayersMap map={map} scale={scale} ranks={extras.get(map.data.place.run)?.ranks ?? null} />
    </>
  );
}
