// What is known of a node, as pairs of a word and a value.

import type { ComponentChildren } from "preact";
import type { GraphAnswer } from "../../api/types";
import { formatBytes, formatCount, formatShare } from "../../base/format";
import type { HierarchyNode } from "../../layout/hierarchy";
import { operationLabel } from "../../layout/operations";
import { copyText } from "../../store/clipboard";
import { describeTypes, formatCompact, operationsIn, outputTypes, ownerOf, typesOf } from "./facts";
import type { GraphModel } from "./model";
import { safeName } from "./paint_text";

type FactList = [string, ComponentChildren][];

export function factsOf(model: GraphModel, id: number, node: HierarchyNode): FactList {
  const { graph, hierarchy } = model;
  const { entering, leaving } = model.crossing(id);
  const types = (values: number[]) => describeTypes(values.flatMap((value) => typesOf(graph, value)));
  if (node.kind === "input" || node.kind === "output")
    return [[node.span > 1 ? "tensors" : "tensor", types([...entering, ...leaving])]];
  const facts: FactList = [];
  if (entering.length > 0) facts.push([entering.length > 1 ? "inputs" : "input", types(entering)]);
  if (node.kind === "operation") facts.push(["output", describeTypes(outputTypes(graph, node.index), 4)]);
  else if (leaving.length > 0) facts.push([leaving.length > 1 ? "outputs" : "output", types(leaving)]);
  if (node.kind === "module") facts.push(...moduleFacts(model, node));
  if (node.fold) facts.push(["instances", formatCount(node.fold.instances.length)]);
  if (node.kind === "operation")
    facts.push(...operationFacts(graph, hierarchy.flow.parameters[node.index] ?? [], node));
  const total = hierarchy.nodes[0]?.flops ?? 0;
  if (node.flops > 0) facts.push(["FLOPs forward", withShare(formatCompact(node.flops), node.flops, total)]);
  facts.push(...workFacts(model, id));
  const place = sourceOf(graph, node);
  if (place) facts.push(["source", <SourceLink key="source" {...place} />]);
  return facts.map(([word, value]) => [word, typeof value === "string" ? safeName(value) : value]);
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
  const own = graph.scopes.parameters[node.index] ?? [];
  const frozen = own.filter((index) => graph.parameters[index]?.frozen).length;
  if (frozen > 0) facts.push(["frozen", `${frozen} of ${own.length} own parameters`]);
  return facts;
}

function operationFacts(graph: GraphAnswer, parameters: number[], node: HierarchyNode): FactList {
  const names = parameters.map((index) => graph.parameters[index]?.name ?? "");
  const call = graph.calls?.name[graph.operations.call?.[node.index] ?? -1];
  const facts: FactList = [["operation", node.type]];
  if (call && call !== node.name) facts.push(["called as", call]);
  if (names.length > 0) facts.push(["parameters", names.join(", ")]);
  for (const [name, text] of Object.entries(graph.operations.attributes?.[node.index] ?? {})) {
    facts.push([safeName(name), text]);
  }
  return facts;
}

const MOST_BACKWARD = 4;

/** Bytes moved, and what the backward pass ran for it. */
function workFacts(model: GraphModel, id: number): FactList {
  const { graph, hierarchy } = model;
  const inside = operationsIn(graph, hierarchy, id);
  const bytes = (graph.operations.bytes ?? []).reduce((sum, own, index) => sum + (inside[index] ? own : 0), 0);
  const { name = [], forward = [], flops = [] } = graph.backward ?? {};
  const backward = name.flatMap((each, index) =>
    inside[forward[index] ?? -1] ? [{ name: operationLabel(each), flops: flops[index] ?? 0 }] : [],
  );
  const facts: FactList = bytes > 0 ? [["bytes read and written", formatBytes(bytes)]] : [];
  const work = backward.reduce((sum, each) => sum + each.flops, 0);
  const names = [...new Set(backward.map((each) => each.name))];
  const few = names.length <= MOST_BACKWARD ? names.join(", ") : `${formatCount(backward.length)} operations`;
  if (backward.length > 0) facts.push(["backward", work > 0 ? `${few}, ${formatCompact(work)} FLOPs` : few]);
  return facts;
}

interface SourcePlace {
  file: string;
  line: number;
}

/** Where an operation's call stands, or where a module's forward begins. */
export function sourceOf(graph: GraphAnswer, node: HierarchyNode): SourcePlace | null {
  const { calls, scopes, operations } = graph;
  const isOperation = node.kind === "operation";
  const call = isOperation ? (operations.call?.[node.index] ?? -1) : -1;
  const index = isOperation
    ? (calls?.file[call] ?? -1)
    : node.kind === "module"
      ? (scopes.file?.[node.index] ?? -1)
      : -1;
  const file = graph.files?.[index];
  if (!file) return null;
  return { file, line: (isOperation ? calls?.line[call] : scopes.line?.[node.index]) ?? 0 };
}

/**
 * VS Code's TensorBoard extension, whose frame is around TensorBoard's, opens the file that it is told of, or asks for
 * it. It counts lines from 0, and takes no message with a 0 in it. Elsewhere the place is copied.
 */
function SourceLink({ file, line }: SourcePlace) {
  const open = () => {
    window.parent.parent.postMessage({ filename: file, line: Math.max(line - 1, 1) }, "*");
    void copyText(`${file}:${line}`);
  };
  return (
    <button type="button" class="graph-link" title="Open in VS Code, or copy the place" onClick={open}>
      <bdi>{`${safeName(file)}:${line}`}</bdi>
    </button>
  );
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
