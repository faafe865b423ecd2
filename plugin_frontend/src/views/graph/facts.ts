// What can be said of a node or an edge of the graph: tensors that flow, parameters, FLOPs.

import type { GraphAnswer, TensorType } from "../../api/types";
import { formatBytes, formatShape } from "../../base/format";
import type { GroupEdge } from "../../layout/edges";
import type { ValueId } from "../../layout/flow";
import type { Hierarchy } from "../../layout/hierarchy";
import { membersOf } from "../../layout/terminals";

/** Names of dtypes tell their bits; a bool takes a byte. */
const itemBytes = (dtype: string): number => Number(/\d+/.exec(dtype)?.[0] ?? 8) / 8;

/**
 * The types of the tensors that flow as a value: several where an operation gives a list of parts. Which output a
 * reader takes is not recorded; by-products of another shape, such as a norm's statistics, are left out.
 */
export function typesOf(graph: GraphAnswer, value: ValueId): TensorType[] {
  if (value < 0) return [graph.types[graph.inputs[-value - 1]?.type ?? -1]].filter((type) => type !== undefined);
  const [first, ...others] = outputTypes(graph, value);
  return first ? [first, ...others.filter((type) => String(type.shape) === String(first.shape))] : [];
}

/** Every output of an operation. */
export const outputTypes = (graph: GraphAnswer, operation: number): TensorType[] =>
  (graph.operations.outputs[operation] ?? []).flatMap((index) => graph.types[index] ?? []);

export const elementsOf = (type: TensorType): number => type.shape.reduce((product, size) => product * size, 1);

export const bytesOf = (type: TensorType): number => elementsOf(type) * itemBytes(type.dtype);

export function bytesOfEdge(graph: GraphAnswer, edge: GroupEdge): number {
  let bytes = 0;
  for (const value of edge.values) for (const type of typesOf(graph, value)) bytes += bytesOf(type);
  return bytes;
}

/** "8 × 128 × 768 bfloat16". */
export const describeType = (type: TensorType): string => `${formatShape(type.shape)} ${type.dtype}`;

/** Up to `most` types in words, equal ones once: "8 × 16 float32, and 2 more". */
export function describeTypes(types: TensorType[], most = 2): string {
  const distinct = [...new Set(types.map(describeType))];
  const rest = distinct.length - most;
  return distinct.slice(0, most).join(", ") + (rest > 0 ? `, and ${rest} more` : "");
}

/** A row of a read-out: the shape, and what it is. */
export function readoutOf(graph: GraphAnswer, hierarchy: Hierarchy, value: ValueId): [string, string, string] {
  const types = typesOf(graph, value);
  const bytes = types.reduce((sum, type) => sum + bytesOf(type), 0);
  const readers = hierarchy.readers.get(value) ?? 0;
  const shapes = [...new Set(types.map((type) => formatShape(type.shape)))];
  const dtypes = [...new Set(types.map((type) => type.dtype))].join(", ");
  const several = types.length > 1 ? `${types.length} tensors, ` : "";
  const count = `${readers} ${readers === 1 ? "reader" : "readers"}`;
  const what = [`${several}${dtypes}`, formatBytes(bytes), count].filter((part) => part !== "").join(", ");
  return ["", shapes.slice(0, 2).join(", ") || "no tensor", what];
}

/** Tensors that cross the border of a node, as they are there; a value may be that of a hidden operation. */
export interface Crossing {
  entering: ValueId[];
  leaving: ValueId[];
}

/** O(nodes + operations). */
export function crossingOf(graph: GraphAnswer, hierarchy: Hierarchy, id: number): Crossing {
  const node = hierarchy.nodes[id];
  if (!node) return { entering: [], leaving: [] };
  if (node.kind === "input") return { entering: [], leaving: membersOf(node).map((index) => -index - 1) };
  if (node.kind === "output") {
    return { entering: present(membersOf(node).map((index) => graph.outputs[index]?.source)), leaving: [] };
  }
  const { sources } = graph.operations;
  if (node.kind === "operation") return { entering: present(sources[node.index] ?? []), leaving: [node.index] };
  const inside = operationsIn(graph, hierarchy, id);
  const entering = new Set<ValueId>();
  const leaving = new Set<ValueId>();
  const cross = (value: ValueId, readerInside: boolean) => {
    const sourceInside = value >= 0 && inside[value] === 1;
    if (readerInside && !sourceInside) entering.add(value);
    if (!readerInside && sourceInside) leaving.add(value);
  };
  sources.forEach((list, reader) => {
    for (const value of present(list)) cross(value, inside[reader] === 1);
  });
  for (const value of present(graph.outputs.map((output) => output.source))) cross(value, false);
  return { entering: [...entering], leaving: [...leaving] };
}

const present = (sources: (ValueId | null | undefined)[]): ValueId[] =>
  sources.filter((source) => source !== null && source !== undefined);

/** 1 for each operation in a node, those that are not drawn included. */
export function operationsIn(graph: GraphAnswer, { nodes }: Hierarchy, id: number): Uint8Array {
  const scopes = new Uint8Array(graph.scopes.path.length);
  const inside = new Uint8Array(graph.operations.name.length);
  const waiting = [id];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const node = nodes[next];
    if (node?.kind === "module") scopes[node.index] = 1;
    if (node?.kind === "operation") inside[node.index] = 1;
    for (const child of node?.children ?? []) waiting.push(child);
  }
  graph.operations.scope.forEach((scope, index) => {
    if (scopes[scope]) inside[index] = 1;
  });
  return inside;
}

/** Number of values in all parameters (buffers left out) of each module path and of all modules under it. */
export function parameterCounts(graph: GraphAnswer): Map<string, number> {
  const counts = new Map<string, number>();
  const counted = new Set<string>();
  for (const parameter of graph.parameters) {
    const type = graph.types[parameter.type];
    if (parameter.buffer || !type || counted.has(parameter.name)) continue;
    counted.add(parameter.name);
    for (const path of pathsHolding([parameter.name, ...parameter.aliases])) {
      counts.set(path, (counts.get(path) ?? 0) + elementsOf(type));
    }
  }
  return counts;
}

/** Modules that own a parameter under any of its names, and all modules around them; each once. */
export const pathsHolding = (names: string[]): Set<string> =>
  new Set(names.flatMap((name) => ancestorPaths(ownerOf(name))));

/** For each module whose parameter has its first name elsewhere: the name of the module that it has it from. */
export function tiesOf(graph: GraphAnswer): Map<string, string> {
  const ties = new Map<string, string>();
  for (const { name, aliases } of graph.parameters) {
    const owner = ownerOf(name);
    for (const alias of aliases) if (ownerOf(alias) !== owner) ties.set(ownerOf(alias), owner);
  }
  return ties;
}

/** Path of the module that a parameter's name begins with. */
export const ownerOf = (parameter: string): string => parameter.slice(0, Math.max(0, parameter.lastIndexOf(".")));

/** "a.b" gives "", "a" and "a.b". */
export function ancestorPaths(path: string): string[] {
  const paths = [""];
  if (path === "") return paths;
  for (let dot = path.indexOf("."); dot >= 0; dot = path.indexOf(".", dot + 1)) paths.push(path.slice(0, dot));
  paths.push(path);
  return paths;
}

const UNITS = ["", " k", " M", " G", " T", " P"];

/** "540", "9.4 k", "124 M": three significant digits at most. */
export function formatCompact(count: number): string {
  const unit = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const scaled = count / 1000 ** unit;
  const digits = unit === 0 || scaled >= 99.95 ? scaled.toFixed(0) : scaled.toFixed(1);
  return `${digits}${UNITS[unit]}`;
}
