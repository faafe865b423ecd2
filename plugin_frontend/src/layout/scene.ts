// The whole picture for a set of open modules: each open group laid out once for each distinct structure.

import type { Hierarchy, HierarchyNode } from "./hierarchy";
import { layoutGroup } from "./layered";
import { operationSign } from "./operations";
import type { GroupInput, GroupLayout, Item } from "./placement";
import { closedSize, headerWidth } from "./sizes";

/** What is drawn: the layouts are shared by all groups of the same structure. */
export interface Scene {
  layouts: GroupLayout[];
  /** For each open node the index of its layout; the root is always open. */
  layoutOf: Map<number, number>;
}

/** Lays out open groups bottom-up and remembers each structure, also from one call to the next. */
export class Arranger {
  private readonly layouts: GroupLayout[] = [];
  private readonly known = new Map<string, number>();

  constructor(private readonly hierarchy: Hierarchy) {}

  /** `open` holds the nodes to show open; those inside closed ones are skipped. O(what is shown). */
  arrange(open: ReadonlySet<number>): Scene {
    const shown = openGroups(this.hierarchy, open);
    const layoutOf = new Map<number, number>();
    for (const id of shown.reverse()) layoutOf.set(id, this.layoutFor(id, layoutOf));
    const used = [...new Set(layoutOf.values())];
    const position = new Map(used.map((layout, index) => [layout, index]));
    return {
      layouts: used.map((index) => this.layouts[index]).filter((layout) => layout !== undefined),
      layoutOf: new Map([...layoutOf].map(([id, layout]) => [id, position.get(layout) ?? 0])),
    };
  }

  private layoutFor(id: number, layoutOf: Map<number, number>): number {
    const { key, input } = this.inputFor(id, layoutOf);
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const index = this.layouts.push(layoutGroup(input)) - 1;
    this.known.set(key, index);
    return index;
  }

  private inputFor(id: number, layoutOf: Map<number, number>): { key: string; input: GroupInput } {
    const group = this.hierarchy.groups.get(id) ?? { children: [], slots: 0, edges: [] };
    const node = this.hierarchy.nodes[id];
    const header = id === 0 || !node ? null : headerWidth(node);
    const keys: string[] = [`${header}/${group.slots}`];
    const items = group.children.map((child) => {
      const open = layoutOf.get(child);
      const size = open === undefined ? this.closedSize(child) : openSize(this.layouts[open]);
      const item = { ...size, weight: Math.max(1, this.hierarchy.nodes[child]?.operations ?? 0) };
      keys.push(`${open === undefined ? `${item.width}x${item.height}` : `#${open}`}:${item.weight}`);
      return item;
    });
    for (const edge of group.edges) keys.push(`${edge.from}>${edge.to}.${edge.slot}`);
    return { key: keys.join(), input: { items, slots: group.slots, edges: group.edges, header } };
  }

  private closedSize(child: number): Omit<Item, "weight"> {
    const node = this.hierarchy.nodes[child];
    const size = node ? closedSize(node, signOf(node) !== null) : { width: 0, height: 0 };
    return { ...size, anchor: size.width / 2, slots: [] };
  }
}

const signOf = (node: HierarchyNode) => (node.kind === "operation" ? operationSign(node.type) : null);

function openSize(layout: GroupLayout | undefined): Omit<Item, "weight"> {
  if (!layout) return { width: 0, height: 0, anchor: 0, slots: [] };
  return { width: layout.width, height: layout.height, anchor: layout.anchor, slots: layout.slots };
}

/** Open groups that are seen, a parent before its children. */
function openGroups(hierarchy: Hierarchy, open: ReadonlySet<number>): number[] {
  const shown = [0];
  for (let next = 0; next < shown.length; next += 1) {
    for (const child of hierarchy.groups.get(shown[next] ?? 0)?.children ?? []) {
      if (open.has(child) && hierarchy.nodes[child]?.openable) shown.push(child);
    }
  }
  return shown;
}

/** Modules to open for a depth: those above it; beyond the deepest level also modules without modules inside. */
export function openToDepth(hierarchy: Hierarchy, depth: number): Set<number> {
  const open = new Set<number>();
  hierarchy.nodes.forEach((node, id) => {
    const leaf = depth > hierarchy.maxDepth;
    if (node.openable && node.depth < depth && (node.composite || leaf)) open.add(id);
  });
  return open;
}

/** Boxes, pills and hexagons that are seen. */
export function countShown(hierarchy: Hierarchy, open: ReadonlySet<number>): number {
  return openGroups(hierarchy, open).reduce((sum, id) => sum + (hierarchy.groups.get(id)?.children.length ?? 0), 0);
}

const MOST_BOXES = 30;

/** The largest depth that shows at most 30 boxes; at least 1. */
export function openingDepth(hierarchy: Hierarchy): number {
  let depth = 1;
  while (depth < hierarchy.maxDepth && countShown(hierarchy, openToDepth(hierarchy, depth + 1)) <= MOST_BOXES)
    depth += 1;
  return depth;
}
