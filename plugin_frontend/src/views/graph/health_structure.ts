// Colours from the graph itself: how large, how much work, of which kind.

import { type GraphAnswer, State } from "../../api/types";
import { magnitudeScale } from "../../base/colour_scale";
import { formatBytes } from "../../base/format";
import type { Hierarchy } from "../../layout/hierarchy";
import type { Tokens } from "../../theme";
import { formatCompact, outputTypes, pathsHolding } from "./facts";
import { type Health, type Measure, NO_HEALTH } from "./health";

const finite = (value: number): Measure => ({ value, state: State.finite });

/** How many values each module's parameters have. */
export function countHealth(counts: Map<string, number>, dark: boolean): Health {
  const modules = new Map([...counts].map(([path, value]) => [path, finite(value)]));
  const scale = magnitudeScale([...counts.values()], { dark });
  return { ...NO_HEALTH, scale, paint: scale, modules, format: formatCompact };
}

/** A sum over the operations in each node. */
function workHealth(ofNode: ArrayLike<number>, dark: boolean, format: (value: number) => string): Health {
  const scale = magnitudeScale(ofNode, { dark });
  const measure = (id: number): Measure | null => ((ofNode[id] ?? 0) > 0 ? finite(ofNode[id] ?? 0) : null);
  return { ...NO_HEALTH, scale, paint: scale, ofNode: measure, format };
}

export const flopsHealth = (hierarchy: Hierarchy, dark: boolean): Health =>
  workHealth(
    hierarchy.nodes.map((node) => node.flops),
    dark,
    formatCompact,
  );

/** Bytes that the operations in each node read and write. */
export const bytesHealth = (graph: GraphAnswer, hierarchy: Hierarchy, dark: boolean): Health =>
  workHealth(bytesOfNodes(graph, hierarchy), dark, formatBytes);

/** O(nodes + operations): each operation is added to its module, then children to parents, the deepest first. */
export function bytesOfNodes(graph: GraphAnswer, { nodes }: Hierarchy): Float64Array {
  const bytes = new Float64Array(nodes.length);
  const counted = new Uint8Array(graph.operations.name.length);
  nodes.forEach((node, id) => {
    if (node.kind !== "operation") return;
    bytes[id] = graph.operations.bytes?.[node.index] ?? 0;
    counted[node.index] = 1;
  });
  graph.operations.scope.forEach((scope, index) => {
    if (!counted[index]) bytes[scope] = (bytes[scope] ?? 0) + (graph.operations.bytes?.[index] ?? 0);
  });
  const byDepth = nodes.map((_, id) => id).sort((a, b) => (nodes[b]?.depth ?? 0) - (nodes[a]?.depth ?? 0));
  for (const id of byDepth) {
    const parent = nodes[id]?.parent ?? -1;
    if (parent >= 0) bytes[parent] = (bytes[parent] ?? 0) + (bytes[id] ?? 0);
  }
  return bytes;
}

const MOST_CATEGORIES = 5;

/** The most frequent words get colours of their own, the others share the last one. */
function categoryHealth(words: (string | null)[], tokens: Tokens): Health {
  const counts = new Map<string, number>();
  for (const word of words) if (word !== null) counts.set(word, (counts.get(word) ?? 0) + 1);
  const ranked = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
  const { category0, category1, category2, category3, category4, category5 } = tokens;
  const colours = [category0, category1, category2, category3, category4];
  const named = ranked.slice(0, MOST_CATEGORIES);
  const categories = named.map((label, index) => ({ label, colour: colours[index] ?? category5 }));
  if (ranked.length > named.length) categories.push({ label: "others", colour: category5 });
  const position = new Map(ranked.map((word, index) => [word, index]));
  const measures = words.map((word) => (word === null ? null : finite(position.get(word) ?? 0)));
  return {
    ...NO_HEALTH,
    paint: { css: (value) => categories[Math.min(value, categories.length - 1)]?.colour ?? category5 },
    categories,
    ofNode: (id) => measures[id] ?? null,
    format: (value) => ranked[value] ?? "",
  };
}

/** Of a module its parameters' dtypes, of an operation its outputs'. */
export function dtypeHealth(graph: GraphAnswer, hierarchy: Hierarchy, tokens: Tokens): Health {
  const own = ofParameters(graph, (parameter) => graph.types[parameter.type]?.dtype ?? "");
  const words = hierarchy.nodes.map((node) => {
    if (node.kind === "operation") return join(outputTypes(graph, node.index).map((type) => type.dtype));
    return join([...(own.get(node.path) ?? [])]);
  });
  return categoryHealth(words, tokens);
}

/** Of each module whether its parameters are trained. */
export function frozenHealth(graph: GraphAnswer, hierarchy: Hierarchy, tokens: Tokens): Health {
  const own = ofParameters(graph, (parameter) => (parameter.frozen ? "frozen" : "trainable"));
  const words = hierarchy.nodes.map((node) => {
    const found = node.kind === "operation" ? undefined : own.get(node.path);
    return found ? (found.size > 1 ? "partly frozen" : ([...found][0] ?? null)) : null;
  });
  return categoryHealth(words, tokens);
}

const join = (words: string[]): string | null => [...new Set(words)].sort().join(" and ") || null;

/** For each module path what is said of the parameters in it, buffers left out. */
function ofParameters(
  graph: GraphAnswer,
  word: (parameter: GraphAnswer["parameters"][number]) => string,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const parameter of graph.parameters) {
    if (parameter.buffer) continue;
    const said = word(parameter);
    for (const path of pathsHolding([parameter.name, ...parameter.aliases])) {
      const words = found.get(path) ?? new Set();
      found.set(path, words.add(said));
    }
  }
  return found;
}

/** Modules of equal structure have one colour; those that are there only once have none. */
export function structureHealth(hierarchy: Hierarchy, tokens: Tokens): Health {
  const { nodes, structure } = hierarchy;
  const counts = new Map<number, number>();
  const variants = new Map<string, number[]>();
  const mains = nodes.map((node, id) => (node.fold ? (node.fold.mains[0] ?? -1) : node.kind === "module" ? id : -1));
  nodes.forEach((node, id) => {
    if (node.kind === "module") counts.set(structure[id] ?? -1, (counts.get(structure[id] ?? -1) ?? 0) + 1);
  });
  const words = mains.map((main) => {
    const count = counts.get(structure[main] ?? -1) ?? 0;
    const type = nodes[main]?.type ?? "";
    const variant = variantOf(structure[main] ?? -1, type);
    return count > 1 ? `${type}${variant}` : null;
  });
  return categoryHealth(words, tokens);

  /** " 2" for the second structure of a class. */
  function variantOf(number: number, type: string): string {
    const known = variants.get(type) ?? [];
    variants.set(type, known);
    if (!known.includes(number)) known.push(number);
    const place = known.indexOf(number);
    return place > 0 ? ` (${place + 1})` : "";
  }
}
