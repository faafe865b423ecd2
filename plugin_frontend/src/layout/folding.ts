// Puts nodes between a module and its children: chains of equal blocks are folded, long lists are cut into parts.

import type { Group } from "./edges";
import type { HierarchyNode } from "./hierarchy";
import { findRepeats, type Repeat } from "./repeats";

/**
 * chain: each reads the one before. parallel: none reads another, such as experts. calls: the same module again
 * and again.
 */
export type FoldKind = "chain" | "parallel" | "calls";

/** Equal blocks, of which the picture shows one. */
export interface Fold {
  kind: FoldKind;
  /** Nodes, in execution order. */
  instances: number[];
  /** What each is called among the others: "0", "1" … */
  labels: string[];
  /** Class of what repeats. */
  type: string;
  /** For each instance the module that stands for it; −1 where it has none. */
  mains: number[];
}

/** More than these in one module are cut into parts. */
const MOST_CHILDREN = 250;
const PARTS = 25;
const SMALLEST_PART = 40;
/** Operations alone are folded from this many a period and this often: two additions in a row are no chain. */
const BARE = { period: 3, count: 4 };

/** Adds folds and parts to the nodes and hangs children under them. `structure` holds the number of equal nodes. */
export function foldRepeats(nodes: HierarchyNode[], structure: Int32Array, drawn: (id: number) => boolean): void {
  const siblings = countSiblings(nodes);
  for (let id = nodes.length - 1; id >= 0; id -= 1) {
    const node = nodes[id];
    if (!node || node.children.length < 3) continue;
    const shown = node.children.filter(drawn);
    const folded = foldChildren({ nodes, siblings }, id, shown, structure);
    const hidden = node.children.filter((child) => !drawn(child));
    const only = nodes[folded[0] ?? -1];
    if (folded.length === 1 && only?.fold && id !== 0 && folded[0] !== shown[0]) adopt(nodes, id, only, hidden);
    else node.children = [...cutLong(nodes, id, folded), ...hidden];
  }
}

interface Tree {
  nodes: HierarchyNode[];
  /** How many modules that are called a container holds: "h" has 12. */
  siblings: Map<string, number>;
}

/** A module that holds nothing but a fold is that fold. */
function adopt(nodes: HierarchyNode[], id: number, fold: HierarchyNode, hidden: number[]): void {
  const node = nodes[id];
  if (!node) return;
  node.fold = fold.fold;
  node.children = [...fold.children, ...hidden];
  // It is in no tree any more, and what it held is another's.
  Object.assign(fold, { fold: null, children: [], parent: -1, openable: false });
  for (const child of node.children) hang(nodes, child, id);
}

const hang = (nodes: HierarchyNode[], child: number, parent: number): void => {
  const node = nodes[child];
  if (node) node.parent = parent;
};

/** Modules fold only if their names differ in numbers: query, key and value are not one thing three times. */
function foldChildren(tree: Tree, parent: number, children: number[], structure: Int32Array): number[] {
  const { nodes } = tree;
  const isModule = (id: number | undefined): boolean => nodes[id ?? -1]?.kind === "module";
  const accepts = ({ start, period, count }: Repeat): boolean => {
    const place = children.slice(start, start + period).findIndex(isModule);
    if (place < 0) {
      const distinct = new Set(children.slice(start, start + period).map((child) => structure[child])).size;
      return distinct > 1 && period >= BARE.period && count >= BARE.count;
    }
    const names = Array.from({ length: count }, (_, index) => nodes[children[start + place + index * period] ?? -1]);
    return new Set(names.map((node) => node?.path.replace(/\d+/g, "#"))).size === 1;
  };
  const repeats = findRepeats(
    children.map((child) => structure[child] ?? -1),
    accepts,
  );
  const result: number[] = [];
  let at = 0;
  for (const { start, period, count } of repeats) {
    result.push(...children.slice(at, start));
    at = start + period * count;
    const instances = Array.from({ length: count }, (_, index) => {
      const members = children.slice(start + index * period, start + (index + 1) * period);
      return period === 1 ? (members[0] ?? 0) : addNode(nodes, "part", parent, members);
    });
    result.push(addFold(tree, parent, instances));
  }
  return [...result, ...children.slice(at)];
}

function addFold({ nodes, siblings }: Tree, parent: number, instances: number[]): number {
  const mains = instances.map((instance) => mainModule(nodes, instance));
  const paths = mains.map((main) => nodes[main]?.path ?? "");
  const id = addNode(nodes, "fold", parent, instances);
  const node = nodes[id];
  const first = nodes[mains[0] ?? -1];
  if (!node) return id;
  const { name, path, labels } = first ? nameFold(paths, nodes[parent]?.path ?? "", siblings) : BARE_FOLD;
  node.name = name || barename(nodes, instances[0] ?? 0);
  node.path = path;
  const again = first !== undefined && new Set(paths).size === 1;
  if (again) node.name = first.name;
  else
    for (const [position, instance] of instances.entries()) rename(nodes, instance, labels[position] ?? `${position}`);
  node.fold = {
    kind: again ? "calls" : "chain",
    instances,
    labels: again || labels.length === 0 ? instances.map((_, index) => String(index)) : labels,
    type: first?.type ?? "",
    mains,
  };
  node.type = node.fold.type;
  return id;
}

/** In its fold a block is called by what tells it from the others. */
function rename(nodes: HierarchyNode[], id: number, label: string): void {
  const node = nodes[id];
  if (node) node.name = label;
}

const BARE_FOLD = { name: "", path: "", labels: [] };

/** "view, mul, sum …" for operations without a module. */
function barename(nodes: HierarchyNode[], instance: number): string {
  const names = [...new Set((nodes[instance]?.children ?? []).map((child) => nodes[child]?.name ?? ""))];
  return names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
}

/** The instance itself, or of several nodes the module that does most. */
function mainModule(nodes: HierarchyNode[], instance: number): number {
  const node = nodes[instance];
  if (node?.kind === "module") return instance;
  let main = -1;
  for (const child of node?.children ?? []) {
    const candidate = nodes[child];
    if (candidate?.kind !== "module") continue;
    if (main < 0 || candidate.operations > (nodes[main]?.operations ?? 0)) main = child;
  }
  return main;
}

interface FoldName {
  name: string;
  /** Of the container, if the fold holds all of it. */
  path: string;
  labels: string[];
}

/** "h.0" to "h.11" are "h" with the labels 0 to 11, or "h.1–5" where the container holds others as well. */
function nameFold(paths: string[], parent: string, siblings: Map<string, number>): FoldName {
  const parts = paths.map((path) => path.split("."));
  const [first = [], ...rest] = parts;
  const differing = first.flatMap((segment, index) => (rest.some((other) => other[index] !== segment) ? [index] : []));
  const place = differing[0] ?? 0;
  const labels = parts.map((segments) => segments[place] ?? "");
  const range = `${labels[0]}–${labels.at(-1)}`;
  if (differing.length !== 1 || rest.some((other) => other.length !== first.length)) {
    return { name: range, path: "", labels };
  }
  const container = first.slice(0, place).join(".");
  const within = parent === "" ? container : container.slice(parent.length + 1);
  const whole = siblings.get(container) === paths.length && place === first.length - 1;
  if (within === "") return { name: range, path: "", labels };
  return { name: whole ? within : `${within}.${range}`, path: whole ? container : "", labels };
}

function countSiblings(nodes: HierarchyNode[]): Map<string, number> {
  const counts = new Map<string, number>();
  const seen = new Set<string>();
  for (const { kind, path, operations } of nodes) {
    if (kind !== "module" || seen.has(path) || operations === 0) continue;
    seen.add(path);
    const container = path.slice(0, Math.max(0, path.lastIndexOf(".")));
    counts.set(container, (counts.get(container) ?? 0) + 1);
  }
  return counts;
}

function cutLong(nodes: HierarchyNode[], parent: number, children: number[]): number[] {
  if (children.length <= MOST_CHILDREN) return children;
  const size = Math.max(SMALLEST_PART, Math.ceil(children.length / PARTS));
  const parts: number[] = [];
  for (let start = 0; start < children.length; start += size) {
    const members = children.slice(start, start + size);
    const id = addNode(nodes, "part", parent, members);
    const part = nodes[id];
    if (part) {
      part.name = `${start} to ${start + members.length - 1}`;
      part.children = cutLong(nodes, id, members);
    }
    parts.push(id);
  }
  return parts;
}

/** A node that no module call stands for, and its members under it; the parent does not know of it yet. */
export function addNode(
  nodes: HierarchyNode[],
  kind: "fold" | "part" | "series",
  parent: number,
  members: number[],
): number {
  const around = nodes[parent];
  const own = members.flatMap((member) => nodes[member] ?? []);
  const id =
    nodes.push({
      kind,
      index: -1,
      span: 1,
      parent,
      depth: 0,
      level: 0,
      name: own[0]?.name ?? "",
      type: "",
      path: kind === "fold" ? "" : (around?.path ?? ""),
      call: 0,
      children: members,
      openable: true,
      composite: own.some((member) => member.kind !== "operation"),
      operations: own.reduce((sum, member) => sum + member.operations, 0),
      flops: own.reduce((sum, member) => sum + member.flops, 0),
      fold: null,
    }) - 1;
  for (const member of members) hang(nodes, member, id);
  return id;
}

/** Whether what stands for one instance never reads, even through others, what comes from another instance. */
export function isParallel(id: number, fold: Fold, groups: Map<number, Group>): boolean {
  const count = fold.instances.length;
  const between = (groups.get(id)?.edges ?? []).filter(({ from, to }) => from < count && to < count);
  if (fold.mains.includes(-1)) return false;
  return !between.some(({ to, slot }) => reachesMain(groups.get(fold.instances[to] ?? -1), fold, to, slot));
}

function reachesMain(part: Group | undefined, fold: Fold, instance: number, slot: number): boolean {
  const main = fold.mains[instance] ?? -1;
  if (main === fold.instances[instance] || !part) return true;
  const goal = part.children.indexOf(main);
  const reached = new Set([part.children.length + slot]);
  for (const from of reached) for (const edge of part.edges) if (edge.from === from) reached.add(edge.to);
  return reached.has(goal);
}
