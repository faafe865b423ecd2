// Finds nodes by name, class, operation or shape.

import type { GraphAnswer } from "../../api/types";
import type { Hierarchy, HierarchyNode } from "../../layout/hierarchy";
import { outputTypes } from "./facts";

/**
 * Nodes in which every word is found: in path, name, class or full operation name, or, for "8x128" and "[8, 128]",
 * in the shape of an output or of a parameter; the first of them, if there are more than `most`. O(nodes).
 */
export function findNodes(graph: GraphAnswer, hierarchy: Hierarchy, query: string, most = 500): number[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const found: number[] = [];
  for (const [id, node] of hierarchy.nodes.entries()) {
    // What is in a series is found itself.
    if ((id > 0 && node.parent < 0) || node.kind === "series") continue;
    const text = textOf(graph, node);
    if (words.every((word) => text.includes(word))) found.push(id);
    if (found.length >= most) break;
  }
  return found;
}

/** Shapes are brought to one form, so that it does not matter how they are typed. */
export function wordsOf(query: string): string[] {
  const shaped = query
    .toLowerCase()
    .replace(/\[?\d+(\s*[x×,]\s*\d+)+\]?/g, (shape) => shapeWord(shape.match(/\d+/g) ?? []));
  return shaped.split(/\s+/).filter((word) => word !== "");
}

const shapeWord = (sizes: readonly (number | string)[]): string => `×${sizes.join("×")}×`;

/** What words are looked for in: names, and shapes of tensors in one form. */
export function searchText(names: readonly string[], shapes: readonly (readonly (number | string)[])[]): string {
  return [...names, ...shapes.map(shapeWord)].join("\n").toLowerCase();
}

function textOf(graph: GraphAnswer, node: HierarchyNode): string {
  const shapes =
    node.kind === "operation"
      ? outputTypes(graph, node.index).map(({ shape }) => shape)
      : (graph.scopes.parameters[node.kind === "module" ? node.index : -1] ?? []).map(
          (parameter) => graph.types[graph.parameters[parameter]?.type ?? -1]?.shape ?? [],
        );
  const call = node.kind === "operation" ? (graph.calls?.name[graph.operations.call?.[node.index] ?? -1] ?? "") : "";
  return searchText([node.path, node.name, node.type, call], shapes);
}
