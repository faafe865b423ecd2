// The panel: outlines over steps, numbers at the step for each run, facts, and the way to the other views.

import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { DistancesAnswer, SiteAnswer, Stage } from "../../api/types";
import { valueAxis } from "../../base/bins";
import { formatCount, formatNumber, formatShape, middleEllipsis } from "../../base/format";
import type { ReadonlySignal } from "../../base/signals";
import { indexAtOrBefore } from "../../base/steps";
import { sites } from "../../store/data";
import { currentStep, panelOpen, selectedSite } from "../../store/selection";
import { look } from "../../widgets/canvas";
import { Term } from "../../widgets/meaning";
import { Picture } from "../../widgets/picture";
import { RunDot } from "../../widgets/run_chips";
import { Facts, PanelSection, SidePanel, ViewLinks } from "../../widgets/side_panel";
import { SiteName } from "../../widgets/site_name";
import { Table } from "../../widgets/table";
import { factsOf } from "../overview/site_panel";
import { type OfRun, type siteKey, useDistributions, useSite } from "./data";
import { drawnAs } from "./magnitudes";
import { histogramsCsv } from "./measures";
import { valueScale, wordsOf } from "./options";
import { paintRidges } from "./paint_outlines";
import { atStep, type Plot, type RunDistributions } from "./plot";
import { distanceWord, listedAgainst, ranked, whichSteps } from "./ranking";

interface SitePanelProps {
  api: Api;
  site: ReturnType<typeof siteKey>;
  stage: ReadonlySignal<Stage | null>;
  distances: DistancesAnswer | null;
}

export function SitePanel({ api, site, stage, distances: apart }: SitePanelProps) {
  const distributions = useDistributions(api, site, stage).value.data;
  const statistics = useSite(api, site).value.data;
  const name = site.value?.site;
  if (!name || !stage.value) return null;
  const { title } = wordsOf(stage.value);
  return (
    <SidePanel
      title={title}
      subtitle={distributions?.[0].run}
      onClose={() => {
        panelOpen.value = false;
      }}
    >
      {distributions && <Ridges run={distributions[0]} />}
      {distributions && statistics && (
        <PanelSection>
          <QuantileTable distributions={distributions} statistics={statistics} stage={stage.value} />
        </PanelSection>
      )}
      {apart && (apart.step !== apart.otherStep || listedAgainst() === "runs") && <FarthestApart distances={apart} />}
      <SiteFacts name={name} />
      <ViewLinks to={["graph", "gradients"]} onGo={() => (selectedSite.value = name)} />
    </SidePanel>
  );
}

const LONGEST_LIST = 6;

/** The sites that differ most between the runs, or changed most between two steps. */
function FarthestApart({ distances }: { distances: DistancesAnswer }) {
  const names = sites.value.data?.sites ?? [];
  const list = ranked([...names.keys()], distances).slice(0, LONGEST_LIST);
  return (
    <PanelSection
      title={
        <Term of="distance">{`${listedAgainst() === "runs" ? "Differs" : "Changed"} most ${whichSteps(distances)}`}</Term>
      }
    >
      {list.map((site) => (
        <button key={site} type="button" class="apart" onClick={() => (selectedSite.value = names[site]?.name ?? null)}>
          <SiteName name={names[site]?.name ?? ""} />
          {distanceWord(distances, site)}
        </button>
      ))}
    </PanelSection>
  );
}

function Ridges({ run }: { run: RunDistributions }) {
  const scale = valueScale.value;
  const draw = useMemo(() => {
    const runs = drawnAs(scale, [run]);
    const axis = valueAxis([runs[0].answer], scale);
    return (context: CanvasRenderingContext2D, size: { width: number; height: number }) => {
      paintRidges(context, size, { runs, axis, now: currentStep.value ?? 0 }, look.value);
    };
  }, [run, scale]);
  const name = "Histograms over steps";
  return <Picture class="panel-ridges" label={name} draw={draw} exportName={name} csv={() => histogramsCsv([run])} />;
}

interface QuantileTableProps {
  distributions: Plot["runs"];
  statistics: readonly OfRun<SiteAnswer>[];
  stage: Stage;
}

function QuantileTable({ distributions, statistics, stage }: QuantileTableProps) {
  const { answer: shown, index: at } = atStep(distributions[0], currentStep.value ?? 0);
  const now = shown.steps[at] ?? 0;
  const levels = [0.99, 0.75, 0.5, 0.25, 0.01];
  const quantile = (level: number) =>
    distributions.map((run) => {
      const { answer, index } = atStep(run, now);
      const at = index * answer.quantileLevels.length + answer.quantileLevels.indexOf(level);
      return known(answer.quantiles[at] ?? Number.NaN);
    });
  const column = (name: string) => distributions.map(({ run }) => statistic(statistics, run, stage, name, now));
  const special = (name: string, label: string) => {
    const values = column(name);
    return values.some((value) => value > 0) ? [row(label, values.map(formatCount), name)] : [];
  };
  const rows = [
    row("max", column("max").map(known), "max"),
    ...levels.map((level) => row(level === 0.5 ? "median" : `${level * 100} %`, quantile(level), "quantile")),
    row("min", column("min").map(known), "min"),
    ...special("zeros", "exactly 0"),
    ...special("nan", "NaN"),
    ...special("pos_inf", "+Inf"),
    ...special("neg_inf", "−Inf"),
  ];
  const head = distributions.map(({ run }) => (
    <span class="run-head" key={run} title={run}>
      <RunDot name={run} />
      {middleEllipsis(run, 12)}
    </span>
  ));
  return (
    <Table
      caption={`Quantiles at step ${now}`}
      head={[
        <b class="now" key="now">
          at step {formatCount(now)}
        </b>,
        ...head,
      ]}
      rows={rows}
    />
  );
}

/** Of no finite value there is no quantile. */
const known = (value: number) => (Number.isNaN(value) ? "–" : formatNumber(value));

const row = (label: string, values: readonly string[], meaning: string) => ({
  key: label,
  cells: [<Term of={meaning}>{label}</Term>, ...values],
});

function statistic(
  answers: readonly OfRun<SiteAnswer>[],
  run: string,
  stage: Stage,
  name: string,
  now: number,
): number {
  const answer = answers.find((each) => each.run === run)?.answer;
  if (!answer) return Number.NaN;
  const step = indexAtOrBefore(answer.steps, now);
  const plane = answer.stages.indexOf(stage) * answer.columns.length + answer.columns.indexOf(name);
  return answer.values[plane * answer.steps.length + step] ?? Number.NaN;
}

function SiteFacts({ name }: { name: string }) {
  const site = sites.value.data?.sites.find((each) => each.name === name);
  return (
    site && (
      <PanelSection title={name}>
        <Facts facts={[["shape", formatShape(site.shape)], ["dtype", site.dtype], ...factsOf(site)]} />
      </PanelSection>
    )
  );
}
