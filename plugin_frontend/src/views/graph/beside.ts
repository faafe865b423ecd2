// Two graphs side by side that are walked through together: what is open, shown and selected in one is so in the other.

import { effect } from "../../base/signals";
import type { Chosen } from "../../layout/scene";
import { differences } from "./difference";
import type { GraphModel } from "./model";

/** Keeps two models alike as far as they have the same nodes, and marks what differs; returns the end of it. */
export function mirror(a: GraphModel, b: GraphModel): () => void {
  a.differences.value = differences(a.graph, a.hierarchy, b);
  b.differences.value = differences(b.graph, b.hierarchy, a);
  const toB = correspondence(a, b);
  const toA = correspondence(b, a);
  const stops = [follow(a, b, toB), follow(b, a, toA)];
  return () => {
    for (const stop of stops) stop();
    a.differences.value = new Map();
  };
}

/** For each node of the one the node of the same name in the other. */
function correspondence(from: GraphModel, to: GraphModel): Map<number, number> {
  const there = new Map(to.keys.map((key, id) => [key, id]));
  const pairs = from.keys.flatMap((key, id): [number, number][] => {
    const other = key === "" ? undefined : there.get(key);
    return other === undefined ? [] : [[id, other]];
  });
  return new Map([...pairs, [0, 0]]);
}

function follow(leader: GraphModel, other: GraphModel, pairs: Map<number, number>): () => void {
  return effect(() => {
    const { open, chosen } = translated(leader, other, pairs);
    if (!sameSet(open, other.open.peek()) || !sameMap(chosen, other.chosen.peek())) other.show(open, chosen);
    const selected = leader.selected.value;
    const partner = selected === null ? null : (pairs.get(selected) ?? null);
    if (partner !== other.selected.peek()) {
      other.selected.value = partner;
      other.focused.value = partner;
    }
  });
}

/** What the other one shows once it is like the leader; its nodes that the leader has not stay as they are. */
function translated(leader: GraphModel, other: GraphModel, pairs: Map<number, number>) {
  const open = new Set(other.open.peek());
  const chosen = new Map(other.chosen.peek());
  for (const [here, there] of pairs) {
    if (leader.open.value.has(here)) open.add(there);
    else open.delete(there);
    const position = leader.chosen.value.get(here);
    if (position !== undefined && other.hierarchy.nodes[there]?.fold?.instances[position] !== undefined) {
      chosen.set(there, position);
    }
  }
  return { open, chosen };
}

const sameSet = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean =>
  a.size === b.size && [...a].every((each) => b.has(each));

const sameMap = (a: Chosen, b: Chosen): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
