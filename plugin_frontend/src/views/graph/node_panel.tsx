// The panel at the right: what is known of the selected node, and its parameters at the current step.

import type { Api } from "../../api/client";
import { type Site, State } from "../../api/types";
import { formatCount, formatNumber, formatShape } from "../../base/format";
import { useSignal } from "../../base/signals";
import type { HierarchyNode } from "../../layout/hierarchy";
import { shownFindings } from "../../store/findings";
import { selectedSite } from "../../store/selection";
import { look, useCanvas } from "../../widgets/canvas";
import { Term } from "../../widgets/meaning";
import { Facts, PanelSection, SidePanel, ViewLinks } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { FindingNotes } from "../overview/finding_panel";
import { Sparkline } from "../overview/sparkline";
import { pathsHolding } from "./facts";
import { describeMeasure, type Measure } from "./health";
import { measureAt, type Norms, ratio, rowAt } from "./health_statistics";
import { shownAs } from "./instances";
import type { GraphModel } from "./model";
import { factsOf } from "./node_facts";
import { safeName } from "./paint_text";
import { mainSite, PanelPictures, Values } from "./panel_pictures";
import { paintMeasure } from "./swatch";
import { placeOf } from "./words";

interface NodePanelProps {
  api: Api;
  model: GraphModel;
  node: number;
  sites: Site[];
  norms: Norms;
  step: number | null;
}

const MOST_ROWS = 50;

export function NodePanel({ api, model, node: id, sites, norms, step }: NodePanelProps) {
  const node = model.hierarchy.nodes[id];
  const own = sites.map((_, index) => index).filter((index) => node && isIn(sites[index], node));
  const main = mainSite(
    own.flatMap((index) => sites[index] ?? []),
    selectedSite.value,
  );
  const site = useSignal<string | null>(null);
  site.value = main?.name ?? null;
  const output = useSignal<string | null>(null);
  output.value =
    sites.find((each) => each.output && node?.kind === "module" && each.module === node.path)?.name ?? null;
  if (!node) return null;
  return (
    <SidePanel
      title={<bdi>{safeName(node.name)}</bdi>}
      subtitle={<bdi>{placeOf(model, id)}</bdi>}
      onClose={() => model.select(null)}
    >
      <FindingNotes about={findingsIn(own.flatMap((index) => sites[index]?.name ?? []))} />
      <PanelSection>
        <Facts facts={factsOf(model, id, node)} />
        <NodeActions model={model} id={id} node={node} />
      </PanelSection>
      <Neighbours key={id} model={model} id={id} />
      {own.length > 0 && <ParameterTable sites={sites} own={own} node={node} norms={norms} step={step} />}
      {main && <PanelPictures api={api} site={site} shape={main.shape} />}
      {output.value && <Values api={api} site={output} stage="activation" title="what it returns" />}
      {own.length > 0 && (
        <ViewLinks
          to={["distributions", "gradients"]}
          onGo={() => {
            if (main && !selectedSite.value?.startsWith(`${main.module}.`)) selectedSite.value = main.name;
          }}
        />
      )}
    </SidePanel>
  );
}

/** Whether a site is a parameter of a module or of one inside it. */
function isIn(site: Site | undefined, node: HierarchyNode): boolean {
  if (!site || site.output || (node.kind !== "module" && !node.fold) || (node.fold && node.path === "")) return false;
  return pathsHolding([site.name, ...site.aliases]).has(node.path);
}

/** Positions of the findings that begin in one of these sites; the worst three. */
function findingsIn(own: readonly string[]): number[] {
  const all = shownFindings.value.flatMap(({ sites }, index) => (own.includes(sites[0] ?? "") ? [index] : []));
  return all.slice(0, 3);
}

function NodeActions({ model, id, node }: { model: GraphModel; id: number; node: HierarchyNode }) {
  const isOpen = model.open.value.has(shownAs(model.hierarchy, id));
  const picking = model.wayStart.value === id;
  return (
    <div class="graph-actions">
      {node.openable && id !== 0 && (
        <button type="button" class="quiet-button" onClick={() => model.toggle(id)}>
          {isOpen ? "Close" : "Open"}
        </button>
      )}
      {node.composite && (
        <button type="button" class="quiet-button" onClick={() => model.setAllInside(id, true)}>
          Open all inside
        </button>
      )}
      {isOpen && model.hasOpenInside(id) && (
        <button type="button" class="quiet-button" onClick={() => model.setAllInside(id, false)}>
          Close all inside
        </button>
      )}
      <button
        type="button"
        class="quiet-button"
        aria-pressed={picking}
        title="Then select the other node, or Shift-click it"
        onClick={() => {
          model.wayStart.value = picking ? null : id;
        }}
      >
        {picking ? "Select its end" : "Path from here"}
      </button>
    </div>
  );
}

const MOST_NEIGHBOURS = 12;

/** Where its inputs come from and what reads its outputs, as links. */
function Neighbours({ model, id }: { model: GraphModel; id: number }) {
  const { sources, readers } = model.neighbours(id);
  return (
    <PanelSection>
      <dl class="facts">
        <NeighbourRow label="reads" model={model} ids={sources} />
        <NeighbourRow label="read by" model={model} ids={readers} />
      </dl>
    </PanelSection>
  );
}

function NeighbourRow({ label, model, ids }: { label: string; model: GraphModel; ids: number[] }) {
  const all = useSignal(false);
  if (ids.length === 0) return null;
  const most = all.value ? ids.length : MOST_NEIGHBOURS;
  const names = ids.map((id) => nameOf(model, id));
  // Operations of one module may be called alike: they are told apart by their order.
  const isUnclear = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name);
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {ids.slice(0, most).map((id, place) => (
          <button key={id} type="button" class="graph-link" title={placeOf(model, id)} onClick={() => model.select(id)}>
            <bdi>{names[place]}</bdi>
            {isUnclear(names[place] ?? "") && ` ${place + 1}`}
          </button>
        ))}
        {ids.length > most && (
          <button type="button" class="graph-link" onClick={() => (all.value = true)}>
            {`and ${formatCount(ids.length - most)} more`}
          </button>
        )}
      </dd>
    </div>
  );
}

/** An operation is known by its module. */
function nameOf(model: GraphModel, id: number): string {
  const node = model.hierarchy.nodes[id];
  const path = node?.kind === "operation" && node.path ? `${node.path} › ` : "";
  return safeName(path + (node?.name ?? ""));
}

interface ParameterTableProps {
  sites: Site[];
  own: number[];
  node: HierarchyNode;
  norms: Norms;
  step: number | null;
}

function ParameterTable({ sites, own, node, norms, step }: ParameterTableProps) {
  const at = (answer: Norms["gradient"], site: number): Measure => {
    const row = answer && rowAt(answer.steps, step);
    return answer && row !== null
      ? measureAt(answer, sites.length, row, site)
      : { value: Number.NaN, state: State.missing };
  };
  const row = norms.gradient ? rowAt(norms.gradient.steps, step) : null;
  const shownStep = row === null ? step : norms.gradient?.steps[row];
  const rows = own.slice(0, MOST_ROWS).map((index) => {
    const site = sites[index];
    const update = ratio(at(norms.update, index), at(norms.parameter, index));
    return {
      key: String(index),
      selected: site?.name === selectedSite.value,
      cells: [
        <SiteName key="name" site={site} node={node} />,
        <MeasureText key="g" measure={at(norms.gradient, index)} />,
        <MeasureText key="u" measure={update} />,
        <NormLine key="l" answer={norms.gradient} count={sites.length} index={index} />,
      ],
    };
  });
  return (
    <PanelSection>
      <div class="graph-parameters">
        <Table
          caption="Parameters at the current step"
          head={[
            shownStep === null || shownStep === undefined ? "parameter" : `at step ${formatCount(shownStep)}`,
            <Term key="g" of="l2">
              gradient
            </Term>,
            <Term key="u" of="update_ratio">
              update ratio
            </Term>,
            "over steps",
          ]}
          rows={rows}
        />
      </div>
      {own.length > MOST_ROWS && (
        <p class="pale">{`and ${formatCount(own.length - MOST_ROWS)} more in the modules inside`}</p>
      )}
    </PanelSection>
  );
}

function SiteName({ site, node }: { site: Site | undefined; node: HierarchyNode }) {
  if (!site) return null;
  const name = [site.name, ...site.aliases].find((each) => each.startsWith(`${node.path}.`)) ?? site.name;
  const within = node.path === "" ? name : name.slice(node.path.length + 1);
  return (
    <button
      type="button"
      class="quiet-button graph-site"
      title={`${site.name}, ${formatShape(site.shape)} ${site.dtype}`}
      onClick={() => {
        selectedSite.value = site.name;
      }}
    >
      <bdi>{safeName(within)}</bdi>
    </button>
  );
}

/** The gradient's norm over all steps. */
function NormLine({ answer, count, index }: { answer: Norms["gradient"]; count: number; index: number }) {
  if (!answer || answer.steps.length < 2) return null;
  const values = Float64Array.from(answer.steps, (_, row) => answer.values[row * count + index] ?? Number.NaN);
  const state = Uint8Array.from(answer.steps, (_, row) => answer.state[row * count + index] ?? State.missing);
  return <Sparkline plain width={56} height={16} steps={[...answer.steps]} values={values} state={state} />;
}

/** A number, with the sign of its state where it is no ordinary one. */
function MeasureText({ measure }: { measure: Measure }) {
  return (
    <span class="graph-measure">
      {measure.state !== State.finite && <StateSign measure={measure} />}
      {describeMeasure(measure, formatNumber)}
    </span>
  );
}

function StateSign({ measure }: { measure: Measure }) {
  const canvas = useCanvas((context, { width, height }) =>
    paintMeasure(context, { x: 0, y: 0, width, height }, measure, null, look.value),
  );
  return (
    <span class="graph-sign" aria-hidden="true">
      <canvas ref={canvas} />
    </span>
  );
}
