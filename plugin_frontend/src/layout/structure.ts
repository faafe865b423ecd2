// Which nodes do the same: equal classes, operations, parameter shapes and flow within, whatever their names.

import type { GraphAnswer } from "../api/types";
import { type Flow, scopeParents } from "./flow";
import type { HierarchyNode } from "./hierarchy";

/**
 * For each node a number that equal ones share. Shapes of what flows are left out: experts that got different
 * numbers of tokens are still alike. Of operations side by side only the number of sources counts: each of a repeat's
 * instances may read the same thing, and that is not equally far from all. O(operations + sources).
 */
export function structures(graph: GraphAnswer, flow: Flow, nodes: HierarchyNode[]): Int32Array {
  const known = new Map<string, number>();
  const numberOf = (key: string): number => {
    const found = known.get(key);
    if (found !== undefined) return found;
    known.set(key, known.size);
    return known.size - 1;
  };
  const firsts = firstOperationOf(graph);
  const shapes = graph.parameters.map(({ type }) => String(graph.types[type]?.shape ?? ""));
  const shapeOf = (parameter: number): string => shapes[parameter] ?? "";
  const result = new Int32Array(nodes.length);
  const withFlow = new Int32Array(nodes.length);
  const keyOf = (node: HierarchyNode, id: number): string => {
    if (node.kind === "operation") {
      const start = firsts[node.parent] ?? 0;
      const read = graph.operations.parameters[node.index] ?? [];
      const sources = flow.sources[node.index] ?? [];
      let own = `${node.type}|${sources.length}`;
      for (const parameter of read) own += `;${shapeOf(parameter)}`;
      let flowing = own;
      for (const source of sources) flowing += source >= start ? `,${node.index - source}` : ",x";
      withFlow[id] = numberOf(flowing);
      return own;
    }
    if (node.kind !== "module") return `${node.kind}${id}`;
    const parameters = (graph.scopes.parameters[node.index] ?? []).map(shapeOf);
    return `${node.type}|${parameters.join(";")}|${node.children.map((child) => withFlow[child] || result[child])}`;
  };
  // Operations and terminals come after the modules that hold them, so the last node is told first.
  for (let id = nodes.length - 1; id >= 0; id -= 1) {
    const node = nodes[id];
    if (node) result[id] = numberOf(keyOf(node, id));
  }
  return result;
}

/** For each scope the first operation that ran in it or in a call within it. */
function firstOperationOf(graph: GraphAnswer): Float64Array {
  const first = new Float64Array(graph.scopes.path.length).fill(Number.POSITIVE_INFINITY);
  graph.operations.scope.forEach((scope, index) => {
    first[scope] = Math.min(first[scope] ?? 0, index);
  });
  const parents = scopeParents(graph);
  for (let scope = parents.length - 1; scope > 0; scope -= 1) {
    const parent = parents[scope] ?? 0;
    first[parent] = Math.min(first[parent] ?? 0, first[scope] ?? 0);
  }
  return first;
}
