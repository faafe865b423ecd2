// Which operations are drawn, and where their values come from once edges pass through the hidden ones.

import type { GraphAnswer, Source } from "../api/types";
import { isPlumbing } from "./operations";

/** Index of a drawn operation, or −(i + 1) for input i: something that a value can come from. */
export type ValueId = number;

export interface Flow {
  /** For each operation: 1 where it is drawn. */
  drawn: Uint8Array;
  /** For each operation: where its values come from; distinct, empty for hidden ones. */
  sources: ValueId[][];
  /** For each operation: parameters it reads, those through hidden operations included. */
  parameters: number[][];
  /** For each output of the model: where it comes from; null for a constant. */
  outputs: (ValueId | null)[];
}

/** The parent of each scope; the root's is −1. A parent that isn't an earlier scope counts as the root. */
export function scopeParents(graph: GraphAnswer): number[] {
  return graph.scopes.parent.map((parent, scope) => (scope === 0 ? -1 : parent >= 0 && parent < scope ? parent : 0));
}

/** One pass in execution order: O(operations + sources). */
export function traceFlow(graph: GraphAnswer): Flow {
  const { name, sources, parameters } = graph.operations;
  const substance = scopesWithSubstance(graph);
  const drawn = new Uint8Array(name.length);
  const origins: ValueId[][] = [];
  const reads: number[][] = [];
  const resolve = (source: Source, before: number): ValueId[] => {
    if (source === null || source >= before || source < -graph.inputs.length) return [];
    if (source < 0 || drawn[source]) return [source];
    return origins[source] ?? [];
  };
  const readThrough = (source: Source, before: number): number[] =>
    source !== null && source >= 0 && source < before && !drawn[source] ? (reads[source] ?? []) : [];

  name.forEach((operation, index) => {
    const given = sources[index] ?? [];
    const distinct = collect(given, index, resolve);
    const hidden = isPlumbing(operation) && distinct.length <= 1 && substance[graph.operations.scope[index] ?? 0] === 1;
    drawn[index] = hidden ? 0 : 1;
    origins.push(distinct);
    const through = collect(given, index, readThrough);
    const own = parameters[index] ?? [];
    reads.push(through.length === 0 ? own : [...new Set([...own, ...through])]);
  });
  return {
    drawn,
    sources: origins.map((origin, index) => (drawn[index] ? origin : [])),
    parameters: reads,
    outputs: graph.outputs.map((output) => resolve(output.source, name.length)[0] ?? null),
  };
}

/** What all sources of an operation lead to, each once. */
function collect(sources: Source[], index: number, lead: (source: Source, before: number) => number[]): number[] {
  if (sources.length === 1) return lead(sources[0] ?? null, index);
  const found: number[] = [];
  for (const source of sources) {
    for (const value of lead(source, index)) if (!found.includes(value)) found.push(value);
  }
  return found;
}

/** 1 for each scope that does more than plumbing; one that doesn't (a Flatten) keeps its operations. */
function scopesWithSubstance(graph: GraphAnswer): Uint8Array {
  const substance = new Uint8Array(graph.scopes.path.length);
  graph.operations.scope.forEach((scope, index) => {
    if (!isPlumbing(graph.operations.name[index] ?? "")) substance[scope] = 1;
  });
  const parents = scopeParents(graph);
  for (let scope = parents.length - 1; scope > 0; scope -= 1) {
    if (substance[scope]) substance[parents[scope] ?? 0] = 1;
  }
  return substance;
}
