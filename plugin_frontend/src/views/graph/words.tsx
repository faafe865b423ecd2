// What is said of a node: in its read-out, to a screen reader, and as the panel's subtitle.

import type { ComponentChildren } from "preact";
import { formatCount } from "../../base/format";
import type { HierarchyNode, NodeKind } from "../../layout/hierarchy";
import { COLOURING_WORDS, colouring } from "./colouring";
import { describeTypes, formatCompact, outputTypes, readoutOf, typesOf } from "./facts";
import { describeMeasure, type Health, measureOf } from "./health";
import type { GraphModel } from "./model";
import { foldCount } from "./paint_folds";
import { sourceName } from "./paint_lines";
import { safeName } from "./paint_text";
import type { Line, Slot } from "./placed";

type Rows = [string, string, string][];

interface Readout {
  title: ComponentChildren;
  rows: Rows;
}

/** Title and rows of the read-out on hover. */
export function describeNode(model: GraphModel, id: number, health: Health): Readout {
  const node = model.hierarchy.nodes[id];
  if (!node) return { title: "", rows: [] };
  const title = (
    <>
      <bdi>{safeName(node.name)}</bdi>{" "}
      {node.type !== "" && node.kind !== "operation" && <span class="pale">{safeName(node.type)}</span>}
    </>
  );
  return { title, rows: [...rowsOf(model, id, node), ...healthRow(model, id, health)] };
}

/** What the box is coloured by. */
function healthRow(model: GraphModel, id: number, health: Health): Rows {
  const measure = measureOf(health, model.hierarchy, id);
  if (!measure) return [];
  const when = health.step === null ? "" : `at ${formatCount(health.step)}`;
  return [[when, describeMeasure(measure, health.format), COLOURING_WORDS[colouring.value]]];
}

const MOST_VALUES = 4;

/** Title and rows of the read-out of a line: what flows along it, and where it comes from. */
export const describeLine = (model: GraphModel, line: Line): Readout => ({
  title: <bdi>{safeName(sourceName(model.hierarchy, line))}</bdi>,
  rows: flowRows(model, line.edge.values, false),
});

/** Of a slot: which one it is, and what passes there. */
export function describeSlot(model: GraphModel, { group, index }: Slot): Readout {
  const { drawn, node } = group;
  const port = drawn.children.length + index;
  const isOutput = index === drawn.slots;
  const passing = drawn.edges.filter((edge) => (isOutput ? edge.to : edge.from) === port);
  const which = isOutput ? "output" : drawn.slots > 1 ? `input ${index + 1} of ${drawn.slots}` : "input";
  const title = (
    <>
      <bdi>{safeName(model.hierarchy.nodes[node]?.name ?? "")}</bdi> <span class="pale">{which}</span>
    </>
  );
  return { title, rows: flowRows(model, [...new Set(passing.flatMap((edge) => edge.values))], true) };
}

/** One row for each value, up to a few; of several, or if `named`, each with where it comes from. */
function flowRows({ graph, hierarchy }: GraphModel, values: number[], named: boolean): Rows {
  const rows = values.slice(0, MOST_VALUES).map((value): Rows[number] => {
    const [, shape, what] = readoutOf(graph, hierarchy, value);
    const source = hierarchy.nodes[hierarchy.ofValue(value)];
    // Who knows the model knows its modules, not the operations in them.
    const from = graph.inputs[-value - 1]?.name ?? (source?.path.split(".").slice(-2).join(".") || source?.name) ?? "";
    return [named || values.length > 1 ? safeName(from) : "", shape, what];
  });
  const rest = values.length - rows.length;
  return rest > 0 ? [...rows, ["", `and ${formatCount(rest)} more`, ""]] : rows;
}

function rowsOf(model: GraphModel, id: number, node: HierarchyNode): Rows {
  const { graph } = model;
  const { entering, leaving } = model.crossing(id);
  if (node.kind === "input") return flowRows(model, leaving, false);
  const rows: Rows = [];
  const types = (values: number[]) => describeTypes(values.flatMap((value) => typesOf(graph, value)));
  if (entering.length > 0) rows.push(["in", types(entering), ""]);
  if (node.kind === "operation") rows.push(["out", describeTypes(outputTypes(graph, node.index)), ""]);
  else if (leaving.length > 0) rows.push(["out", types(leaving), ""]);
  const parameters = node.kind === "module" ? model.parameterCounts.get(node.path) : undefined;
  if (parameters) rows.push(["", formatCompact(parameters), "parameters"]);
  if (node.flops > 0) rows.push(["", formatCompact(node.flops), "FLOPs"]);
  if (node.kind === "operation") rows.push(["", safeName(node.type), ""]);
  return rows;
}

const KINDS: Partial<Record<NodeKind, string>> = {
  fold: "equal blocks",
  part: "part",
  series: "steps in a row",
  operation: "operation",
  input: "input of the model",
  output: "output of the model",
};

/** "Linear in h.9.attn": what it is and where. */
export function placeOf(model: GraphModel, id: number): string {
  const node = model.hierarchy.nodes[id];
  if (!node) return "";
  if (node.kind === "input" || node.kind === "output") return KINDS[node.kind] ?? "";
  const parent = model.hierarchy.nodes[node.parent];
  const what = node.fold
    ? `${foldCount(node.fold)} ${node.fold.type}`
    : node.kind === "module"
      ? node.type
      : KINDS[node.kind];
  const where = parent ? ` in ${safeName(parent.path || parent.name)}` : "";
  return `${safeName(what ?? "")}${where}${node.call > 0 ? `, call ${node.call + 1}` : ""}`;
}

/** One sentence for the aria-live line. */
export function announce(model: GraphModel, id: number | null): string {
  const node = id === null ? undefined : model.hierarchy.nodes[id];
  if (!node || id === null) return "";
  const { entering, leaving } = model.crossing(id);
  const state = node.openable ? (model.open.value.has(id) ? ", open" : ", closed") : "";
  const flows = `${formatCount(entering.length)} in, ${formatCount(leaving.length)} out`;
  return `${safeName(node.name)}, ${placeOf(model, id)}${state}, ${flows}`;
}
