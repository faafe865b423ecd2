// The panel at the right: what is known of the selected node, and its parameters at the current step.

import type { ComponentChildren } from "preact";
import { type GraphAnswer, type Site, State } from "../../api/types";
import { formatCount, formatNumber, formatShape, formatShare } from "../../base/format";
import type { HierarchyNode } from "../../layout/hierarchy";
import { selectedSite, type View, view } from "../../store/selection";
import { look, useCanvas } from "../../widgets/canvas";
import { Facts, PanelSection, SidePanel } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { describeTypes, formatCompact, outputTypes, ownerOf, pathsHolding, typesOf } from "./facts";
import { describeMeasure, type Measure } from "./health";
import { measureAt, type Norms, ratio, rowAt } from "./health_statistics";
import type { GraphModel } from "./model";
import { safeName } from "./paint_text";
import { paintMeasure } from "./swatch";
import { placeOf } from "./words";

type FactList = [string, ComponentChildren][];

interface NodePanelProps {
  model: GraphModel;
  node: number;
  sites: Site[];
  norms: Norms;
  step: number | null;
}

const MOST_ROWS = 50;

export function NodePanel({ model, node: id, sites, norms, step }: NodePanelProps) {
  const node = model.hierarchy.nodes[id];
  if (!node) return null;
  const own = node.kind === "module" ? sites.map((_, index) => index).filter((index) => isIn(sites[index], node)) : [];
  return (
    <SidePanel
      title={<bdi>{safeName(node.name)}</bdi>}
      subtitle={<bdi>{placeOf(model, id)}</bdi>}
      onClose={() => model.select(null)}
    >
      <PanelSection>
        <Facts facts={factsOf(model, id, node)} />
      </PanelSection>
      {own.length > 0 && <ParameterTable sites={sites} own={own} node={node} norms={norms} step={step} />}
      {own.length > 0 && (
        <div class="panel-foot">
          <ViewLink target="distributions" label="Distributions" site={sites[own[0] ?? 0]} />
          <ViewLink target="gradients" label="Gradients" site={sites[own[0] ?? 0]} />
        </div>
      )}
    </SidePanel>
  );
}

/** Whether a site belongs to a module or to one inside it. */
function isIn(site: Site | undefined, node: HierarchyNode): boolean {
  return site !== undefined && pathsHolding([site.name, ...site.aliases]).has(node.path);
}

function factsOf(model: GraphModel, id: number, node: HierarchyNode): FactList {
  const { graph, hierarchy } = model;
  const { entering, leaving } = model.crossing(id);
  const types = (values: number[]) => describeTypes(values.flatMap((value) => typesOf(graph, value)));
  if (node.kind === "input" || node.kind === "output") return [["tensor", types([...entering, ...leaving])]];
  const facts: FactList = [];
  if (entering.length > 0) facts.push([entering.length > 1 ? "inputs" : "input", types(entering)]);
  if (node.kind === "operation") facts.push(["output", describeTypes(outputTypes(graph, node.index), 4)]);
  else if (leaving.length > 0) facts.push([leaving.length > 1 ? "outputs" : "output", types(leaving)]);
  if (node.kind === "module") facts.push(...moduleFacts(model, node));
  if (node.kind === "operation")
    facts.push(...operationFacts(graph, hierarchy.flow.parameters[node.index] ?? [], node));
  const total = hierarchy.nodes[0]?.flops ?? 0;
  if (node.flops > 0) facts.push(["FLOPs forward", withShare(formatCompact(node.flops), node.flops, total)]);
  return facts;
}

function moduleFacts(model: GraphModel, node: HierarchyNode): FactList {
  const { graph, hierarchy } = model;
  const parameters = model.parameterCounts.get(node.path) ?? 0;
  const total = model.parameterCounts.get("") ?? 0;
  const facts: FactList = [["parameters", withShare(formatCount(parameters), parameters, total)]];
  facts.push(...tiedParameters(graph, node.path).map((text): [string, string] => ["tied", text]));
  const calls = hierarchy.nodes.filter((other) => other.kind === "module" && other.path === node.path).length;
  if (calls > 1) facts.push(["called", `${calls} times in a forward pass`]);
  if (node.operations > 0) facts.push(["ATen operations", formatCount(node.operations)]);
  if (graph.scopes.training[node.index] === false) facts.push(["mode", "evaluation"]);
  return facts;
}

function operationFacts(graph: GraphAnswer, parameters: number[], node: HierarchyNode): FactList {
  const names = parameters.map((index) => graph.parameters[index]?.name ?? "");
  return [["operation", node.type], ...(names.length > 0 ? [["reads", names.join(", ")] as [string, string]] : [])];
}

const withShare = (text: string, part: number, total: number): string =>
  part < total && part > 0 ? `${text} (${formatShare(part / total)})` : text;

/** "weight ↔ wte.weight" for each parameter of a module that is another module's, too. */
function tiedParameters(graph: GraphAnswer, path: string): string[] {
  return graph.parameters.flatMap(({ name, aliases }) => {
    const names = [name, ...aliases];
    const own = names.find((each) => ownerOf(each) === path);
    if (own === undefined || names.length === 1) return [];
    return [`${own.slice(own.lastIndexOf(".") + 1)} ↔ ${names.filter((each) => each !== own).join(", ")}`];
  });
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
      ],
    };
  });
  return (
    <PanelSection>
      <Table
        caption="Parameters at the current step"
        head={[
          shownStep === null || shownStep === undefined ? "parameter" : `at step ${formatCount(shownStep)}`,
          "gradient",
          "update ratio",
        ]}
        rows={rows}
      />
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

function ViewLink({ target, label, site }: { target: View; label: string; site: Site | undefined }) {
  return (
    <button
      type="button"
      class="button"
      onClick={() => {
        if (site && !selectedSite.value?.startsWith(`${site.module}.`)) selectedSite.value = site.name;
        view.value = target;
      }}
    >
      {label}
    </button>
  );
}
