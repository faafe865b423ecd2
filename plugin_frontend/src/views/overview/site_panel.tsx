// The side panel of a selected site: facts, the numbers at the step, the norm over steps, links to the other views.

import type { Api, Place } from "../../api/client";
import type { Site, SiteAnswer, Stage } from "../../api/types";
import { formatCount, formatNumber, formatShape, formatShare } from "../../base/format";
import { computed } from "../../base/signals";
import { indexAtOrBefore } from "../../base/steps";
import { useResource } from "../../store/data";
import { findingsOf } from "../../store/findings";
import { column, currentStep, place, selectedModule, selectedSite, stage as wantedStage } from "../../store/selection";
import { Term } from "../../widgets/meaning";
import { Facts, PanelSection, SidePanel, ViewLinks } from "../../widgets/side_panel";
import { SiteName } from "../../widgets/site_name";
import { Failure } from "../../widgets/states";
import { Table } from "../../widgets/table";
import { columnOf, describeCell, STAGE_WORDS, stageOf } from "./columns";
import { FindingNotes } from "./finding_panel";
import { describeValue } from "./settings";
import { seriesOf, statesOf } from "./site_series";
import { Sparkline } from "./sparkline";

const wanted = computed<{ where: Place; site: string } | null>(() =>
  place.value && selectedSite.value !== null ? { where: place.value, site: selectedSite.value } : null,
);

const close = () => {
  selectedSite.value = null;
};

export function SitePanel({ api, site }: { api: Api; site: Site }) {
  const { data, error } = useResource(wanted, ({ where, site: name }) => api.site(where, name)).value;
  const answer = data?.site === site.name ? data : null;
  return (
    <SidePanel
      title={<SiteName name={site.name} />}
      subtitle={[site.module_type, formatShape(site.shape), site.dtype].filter(Boolean).join(", ")}
      onClose={close}
    >
      <FindingNotes about={findingsOf(site.name)} />
      <PanelSection>
        <Facts facts={factsOf(site)} />
      </PanelSection>
      {error && !answer && <Failure error={error} />}
      {answer && <Numbers answer={answer} wanted={site.output ? ["activation"] : SHOWN_STAGES} />}
      <ViewLinks
        to={["graph", "distributions", "gradients"]}
        onGo={(target) => {
          if (target === "graph") selectedModule.value = site.module;
        }}
      />
    </SidePanel>
  );
}

/** What is known of a site beside its name, shape and type. */
export function factsOf(site: Site): [string, string][] {
  const count = site.shape.reduce((product, size) => product * size, 1);
  const facts: [string, string | null][] = [
    ["values", formatCount(count)],
    ["device", site.device],
    ["optimizer’s parameter group", site.parameter_group > 0 ? String(site.parameter_group) : "in none"],
    ["learns", site.frozen ? "no, frozen" : null],
    ["also known as", site.aliases.join(", ") || null],
    ["not measured", site.reason],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== "");
}

interface Line {
  label: string;
  column: string;
  format: (value: number) => string;
}

const LINES: readonly Line[] = [
  { label: "norm", column: "l2", format: formatNumber },
  { label: "mean", column: "mean", format: formatNumber },
  { label: "std", column: "std", format: formatNumber },
  { label: "smallest", column: "min", format: formatNumber },
  { label: "largest", column: "max", format: formatNumber },
  { label: "exactly 0", column: "zero_share", format: formatShare },
  { label: "dead units", column: "dead_share", format: formatShare },
  { label: "NaN", column: "nan", format: formatCount },
  { label: "+Inf", column: "pos_inf", format: formatCount },
  { label: "−Inf", column: "neg_inf", format: formatCount },
];
const SHOWN_STAGES: readonly Stage[] = ["parameter", "gradient", "update"];

function Numbers({ answer, wanted }: { answer: SiteAnswer; wanted: readonly Stage[] }) {
  const index = indexAtOrBefore(answer.steps, currentStep.value ?? 0);
  if (index < 0) return null;
  const shown = answer.stages.filter((stage) => wanted.includes(stage));
  const stages = shown.length > 0 ? shown : answer.stages.slice(0, SHOWN_STAGES.length);
  const lines = LINES.filter(({ column }) => column !== "dead_share" || stages.includes("activation"));
  const rows = lines.map(({ label, column, format }) => ({
    key: label,
    cells: [<Term of={column}>{label}</Term>, ...stages.map((stage) => cellText(answer, stage, column, index, format))],
  }));
  const ratio = numberAt(answer, "update", "update_ratio", index);
  const step = formatCount(answer.steps[index] ?? 0);
  return (
    <>
      <PanelSection title={<span class="now-text">at step {step}</span>}>
        <Table
          caption={`At step ${step}`}
          head={[<span class="hidden-visually">statistic</span>, ...stages.map((stage) => STAGE_WORDS[stage])]}
          rows={rows}
        />
        {Number.isFinite(ratio) && (
          <Facts facts={[["update ratio, ‖Δw‖ / ‖w‖", formatNumber(ratio), "update_ratio"]]} />
        )}
      </PanelSection>
      <OverSteps answer={answer} />
    </>
  );
}

/** What the stage measured there; the words of its state where that is no number. */
function cellText(
  answer: SiteAnswer,
  stage: Stage,
  column: string,
  index: number,
  format: (value: number) => string,
): string {
  const value = numberAt(answer, stage, column, index);
  if (!Number.isNaN(value)) return format(value);
  const state = statesOf(answer, stage)[index] ?? 0;
  return column === "l2" ? describeValue(value, state) : "–";
}

function numberAt(answer: SiteAnswer, stage: Stage, column: string, index: number): number {
  return seriesOf(answer, stage, column)[index] ?? Number.NaN;
}

/** The number that the map shows. */
function OverSteps({ answer }: { answer: SiteAnswer }) {
  const stage = stageOf(wantedStage.value, answer.stages);
  if (!stage) return null;
  const shown = columnOf(column.value, stage);
  const words = describeCell(shown, stage);
  return (
    <PanelSection title={`${words} over steps`}>
      <Sparkline
        name={`${words}, ${answer.site}`}
        steps={[...answer.steps]}
        values={seriesOf(answer, stage, shown.value)}
        state={statesOf(answer, stage)}
      />
    </PanelSection>
  );
}
