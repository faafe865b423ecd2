// The whole picture for a set of open modules: each open group laid out once for each distinct structure.

import type { Group } from "./edges";
import type { Hierarchy, HierarchyNode } from "./hierarchy";
import { layoutGroup } from "./layered";
import { operationSign } from "./operations";
import type { GroupInput, GroupLayout, Item } from "./placement";
import { closedSize, headerRoom, isBox } from "./sizes";

/** What is drawn: the layouts are shared by all groups of the same structure. */
export interface Scene {
  layouts: GroupLayout[];
  /** For each open node the index of its layout; the root is always open. */
  layoutOf: Map<number, number>;
  /** For each open node the one whose group is drawn in it: an instance of a fold, else the node itself. */
  contentOf: Map<number, number>;
}

/** For each fold the position of the instance that is shown; the first where it isn't in it. */
export type Chosen = ReadonlyMap<number, number>;

const FIRST: Chosen = new Map();

/** Lays out open groups bottom-up and remembers each structure, also from one call to the next. */
export class Arranger {
  readonly #layouts: GroupLayout[] = [];
  readonly #known = new Map<string, number>();

  constructor(private readonly hierarchy: Hierarchy) {}

  /** `open` holds the nodes to show open; those inside closed ones are skipped. O(what is shown). */
  arrange(open: ReadonlySet<number>, chosen = FIRST): Scene {
    const shown = openGroups(this.hierarchy, open, chosen);
    const contentOf = new Map(shown.map((id) => [id, contentNode(this.hierarchy, id, chosen)]));
    const layoutOf = new Map<number, number>();
    for (const id of shown.reverse()) layoutOf.set(id, this.#layoutFor(id, contentOf, layoutOf));
    const used = [...new Set(layoutOf.values())];
    const position = new Map(used.map((layout, index) => [layout, index]));
    return {
      layouts: used.map((index) => this.#layouts[index]).filter((layout) => layout !== undefined),
      layoutOf: new Map([...layoutOf].map(([id, layout]) => [id, position.get(layout) ?? 0])),
      contentOf,
    };
  }

  #layoutFor(id: number, contentOf: Map<number, number>, layoutOf: Map<number, number>): number {
    const { key, input } = this.#inputFor(id, contentOf, layoutOf);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.#layouts.push(layoutGroup(input)) - 1;
    this.#known.set(key, index);
    return index;
  }

  #inputFor(id: number, contentOf: Map<number, number>, layoutOf: Map<number, number>) {
    const group = this.hierarchy.groups.get(contentOf.get(id) ?? id) ?? NO_GROUP;
    const node = this.hierarchy.nodes[id];
    const header = id === 0 || !node ? null : headerRoom(node);
    const keys: string[] = [`${header?.left}/${header?.right}/${group.slots}`];
    const items = group.children.map((child): Item => {
      const open = layoutOf.get(child);
      const size = open === undefined ? this.#closedSize(child) : this.#openSize(child, contentOf, this.#layouts[open]);
      const item = { ...size, weight: weightOf(this.hierarchy, child) };
      const content = contentOf.get(child) === child ? "" : `@${item.slots}`;
      keys.push(`${open === undefined ? `${item.width}x${item.height}` : `#${open}${content}`}:${item.weight}`);
      return item;
    });
    for (const edge of group.edges) keys.push(`${edge.from}>${edge.to}.${edge.slot}`);
    const input: GroupInput = { items, slots: group.slots, edges: group.edges, header };
    return { key: keys.join(), input };
  }

  #closedSize(child: number): Omit<Item, "weight"> {
    const node = this.hierarchy.nodes[child];
    const size = node ? closedSize(node, signOf(node) !== null) : { width: 0, height: 0 };
    return { ...size, anchor: size.width / 2, slots: [] };
  }

  #openSize(id: number, contentOf: Map<number, number>, layout: GroupLayout | undefined): Omit<Item, "weight"> {
    if (!layout) return { width: 0, height: 0, anchor: 0, slots: [] };
    const { width, height, anchor, slots } = layout;
    const content = contentOf.get(id) ?? id;
    return { width, height, anchor, slots: content === id ? slots : foldSlots(this.hierarchy, id, content, slots) };
  }
}

/** A module weighs more than a few operations, and its share of all FLOPs more than both. */
const BOX_WEIGHT = 16;
const FLOPS_WEIGHT = 1000;

function weightOf({ nodes }: Hierarchy, id: number): number {
  const node = nodes[id];
  if (!node) return 1;
  const share = node.flops / (nodes[0]?.flops || 1);
  return Math.max(1, node.operations) + (isBox(node) ? BOX_WEIGHT : 0) + Math.round(FLOPS_WEIGHT * share);
}

const NO_GROUP: Group = { children: [], slots: 0, edges: [] };

const signOf = (node: HierarchyNode) => (node.kind === "operation" ? operationSign(node.type) : null);

/** The node whose group is drawn in an open one: of a fold, the chosen instance. */
export function contentNode({ nodes }: Hierarchy, id: number, chosen: Chosen): number {
  const fold = nodes[id]?.fold;
  return fold?.instances[chosen.get(id) ?? 0] ?? fold?.instances[0] ?? id;
}

/**
 * Where the edges that enter a fold are seen to enter: at the shown instance's slot for the same edge, or, for what
 * only the first instance reads, at the slot that corresponds to that of the first.
 */
function foldSlots(hierarchy: Hierarchy, fold: number, instance: number, slots: ArrayLike<number>): number[] {
  const group = hierarchy.groups.get(fold) ?? NO_GROUP;
  const shown = group.children.indexOf(instance);
  return Array.from({ length: group.slots }, (_, slot) => {
    const entering = group.edges.filter((edge) => edge.from === group.children.length + slot);
    const edge = entering.find(({ to }) => to === shown) ?? entering[0];
    return slots[edge?.slot ?? 0] ?? slots[0] ?? 0;
  });
}

/** Open groups that are seen, a parent before its children. */
function openGroups(hierarchy: Hierarchy, open: ReadonlySet<number>, chosen: Chosen): number[] {
  const shown = [0];
  for (let next = 0; next < shown.length; next += 1) {
    for (const child of childrenShown(hierarchy, shown[next] ?? 0, chosen)) {
      if (open.has(child) && hierarchy.nodes[child]?.openable) shown.push(child);
    }
  }
  return shown;
}

const childrenShown = (hierarchy: Hierarchy, id: number, chosen: Chosen): number[] =>
  hierarchy.groups.get(contentNode(hierarchy, id, chosen))?.children ?? [];

/** Modules to open for a depth: those above it; beyond the deepest level also modules without modules inside. */
export function openToDepth(hierarchy: Hierarchy, depth: number): Set<number> {
  const open = new Set<number>();
  hierarchy.nodes.forEach((node, id) => {
    const leaf = depth > hierarchy.maxDepth;
    if (node.openable && node.level < depth && (node.composite || leaf)) open.add(id);
  });
  return open;
}

/** Boxes, pills and hexagons that are seen. */
export function countShown(hierarchy: Hierarchy, open: ReadonlySet<number>, chosen = FIRST): number {
  return openGroups(hierarchy, open, chosen).reduce((sum, id) => sum + childrenShown(hierarchy, id, chosen).length, 0);
}

const MOST_BOXES = 30;

/** The largest depth that shows at most 30 boxes; at least 1. */
export function openingDepth(hierarchy: Hierarchy): number {
  let depth = 1;
  while (depth < hierarchy.maxDepth && countShown(hierarchy, openToDepth(hierarchy, depth + 1)) <= MOST_BOXES)
    depth += 1;
  return depth;
}

/** What is open at first: the opening depth, and then, as far as 30 boxes go, chains and what holds one. */
export function openingSet(hierarchy: Hierarchy): Set<number> {
  const open = openToDepth(hierarchy, openingDepth(hierarchy));
  let count = countShown(hierarchy, open);
  const waiting = openGroups(hierarchy, open, FIRST).flatMap((id) => childrenShown(hierarchy, id, FIRST));
  const work = (id: number): number => hierarchy.nodes[id]?.operations ?? 0;
  const isFold = (id: number): boolean => hierarchy.nodes[id]?.fold != null;
  for (const id of waiting.sort((a, b) => work(b) - work(a))) {
    const inside = childrenShown(hierarchy, id, FIRST);
    if (open.has(id) || count + inside.length > MOST_BOXES) continue;
    if (!hierarchy.nodes[id]?.composite || !(isFold(id) || inside.some(isFold))) continue;
    open.add(id);
    count += inside.length;
  }
  return open;
}
