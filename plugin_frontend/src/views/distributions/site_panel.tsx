// The panel: outlines over steps, numbers at the step for each run, facts, and the way to the other views.

import type { ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { SiteAnswer, Stage } from "../../api/types";
import { valueAxis } from "../../base/bins";
import { formatCount, formatNumber, formatShape } from "../../base/format";
import { indexAtOrBefore } from "../../base/steps";
import { colourOfRun, sites } from "../../store/data";
import { currentStep, selectedSite, view } from "../../store/selection";
import { look } from "../../widgets/canvas";
import { downloadCsv } from "../../widgets/download";
import { Picture } from "../../widgets/picture";
import { Facts, PanelSection, SidePanel } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { coloured, type Distributions, type OfRun, type siteKey, useDistributions, useSite } from "./data";
import { histogramCsv } from "./measures";
import { panelOpen, STAGE_WORDS, valueScale } from "./options";
import { paintRidges } from "./paint_outlines";

interface SitePanelProps {
  api: Api;
  site: ReturnType<typeof siteKey>;
  stage: ReadonlySignal<Stage | null>;
}

const MOST_RIDGES = 14;

export function SitePanel({ api, site, stage }: SitePanelProps) {
  const distributions = useDistributions(api, site, stage).value.data;
  const statistics = useSite(api, site).value.data;
  const name = site.value?.site;
  if (!name || !stage.value) return null;
  const { title } = STAGE_WORDS[stage.value];
  const count = distributions?.[0].answer.steps.length ?? 0;
  const stride = Math.ceil(count / MOST_RIDGES);
  const index = distributions ? indexAtOrBefore(distributions[0].answer.steps, currentStep.value ?? 0) : -1;
  return (
    <SidePanel
      title={stride > 1 ? `${title}, every ${stride}${ordinal(stride)} sample` : title}
      subtitle={distributions?.[0].run}
      onClose={() => {
        panelOpen.value = false;
      }}
    >
      {distributions && <Ridges data={distributions} />}
      {distributions && statistics && (
        <PanelSection>
          <QuantileTable distributions={distributions} statistics={statistics} stage={stage.value} />
        </PanelSection>
      )}
      <SiteFacts name={name} />
      <footer class="panel-foot">
        <button type="button" class="button" onClick={() => goTo(name, "graph")}>
          Graph
        </button>
        <button type="button" class="button" onClick={() => goTo(name, "gradients")}>
          Gradients
        </button>
        {distributions && (
          <button
            type="button"
            class="quiet-button panel-csv"
            onClick={() =>
              downloadCsv(`${name} ${title} at step ${currentStep.value}`, histogramCsv(distributions[0].answer, index))
            }
          >
            CSV of this step
          </button>
        )}
      </footer>
    </SidePanel>
  );
}

function goTo(name: string, target: "graph" | "gradients"): void {
  selectedSite.value = name;
  view.value = target;
}

function ordinal(number: number): string {
  const tens = number % 100;
  if (tens >= 11 && tens <= 13) return "th";
  return ["th", "st", "nd", "rd"][number % 10] ?? "th";
}

function Ridges({ data }: { data: Distributions }) {
  const scale = valueScale.value;
  const draw = useMemo(() => {
    const axis = valueAxis([data[0].answer], scale);
    return (context: CanvasRenderingContext2D, size: { width: number; height: number }) => {
      const runs = coloured(data);
      if (runs) paintRidges(context, size, { runs, axis, now: currentStep.value ?? 0 }, look.value);
    };
  }, [data, scale]);
  return <Picture class="panel-ridges" label="Histograms over steps, the current one in orange" draw={draw} />;
}

interface QuantileTableProps {
  distributions: Distributions;
  statistics: readonly OfRun<SiteAnswer>[];
  stage: Stage;
}

function QuantileTable({ distributions, statistics, stage }: QuantileTableProps) {
  const now = currentStep.value ?? 0;
  const levels = [0.99, 0.75, 0.5, 0.25, 0.01];
  const quantile = (level: number) =>
    distributions.map(({ answer }) => {
      const at =
        indexAtOrBefore(answer.steps, now) * answer.quantileLevels.length + answer.quantileLevels.indexOf(level);
      return known(answer.quantiles[at] ?? Number.NaN);
    });
  const column = (name: string) => distributions.map(({ run }) => statistic(statistics, run, stage, name, now));
  const special = (name: string, label: string) => {
    const values = column(name);
    return values.some((value) => value > 0) ? [row(label, values.map(formatCount))] : [];
  };
  const rows = [
    row("max", column("max").map(known)),
    ...levels.map((level) => row(level === 0.5 ? "median" : `${level * 100} %`, quantile(level))),
    row("min", column("min").map(known)),
    ...special("zeros", "exactly 0"),
    ...special("nan", "NaN"),
    ...special("pos_inf", "+Inf"),
    ...special("neg_inf", "−Inf"),
  ];
  const head = distributions.map(({ run }) => (
    <span class="run-head" key={run} title={run}>
      <span
        class="run-dot"
        aria-hidden="true"
        style={{ background: colourOfRun(run), borderColor: colourOfRun(run) }}
      />
      {run}
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

const row = (label: string, values: readonly string[]) => ({ key: label, cells: [label, ...values] });

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
  if (!site) return null;
  const count = site.shape.reduce((product, size) => product * size, 1);
  return (
    <PanelSection title={name}>
      <Facts
        facts={[
          ["shape", formatShape(site.shape)],
          ["elements", formatCount(count)],
          ["dtype", site.dtype],
          ...(site.module_type ? [["module", site.module_type] as const] : []),
          ...(site.aliases.length > 0 ? [["also named", site.aliases.join(", ")] as const] : []),
          ...(site.frozen ? [["trained", "no, frozen"] as const] : []),
          ...(site.reason ? [["not measured", site.reason] as const] : []),
        ]}
      />
    </PanelSection>
  );
}
