// The state of the view for one recorded graph: what is open, selected and hovered, and where the picture is.

import type { GraphAnswer } from "../../api/types";
import { batch, computed, type ReadonlySignal, type Signal, signal } from "../../base/signals";
import { createEngine, type Engine } from "../../layout/engine";
import { buildHierarchy, type Hierarchy } from "../../layout/hierarchy";
import { type Chosen, countShown, openingDepth, openingSet, openToDepth } from "../../layout/scene";
import { membersOf } from "../../layout/terminals";
import { kept } from "../../store/kept";
import { selectedModule } from "../../store/selection";
import { type Rect, type Size, toPicture } from "./camera";
import type { Difference } from "./difference";
import { type Crossing, crossingOf, operationsIn, parameterCounts, tiesOf } from "./facts";
import { counterparts, shownAs } from "./instances";
import { nodeKeys } from "./node_keys";
import type { PinnedNode } from "./paint_marks";
import { type Way, wayBetween } from "./paths";
import { type Line, type PlacedScene, placeScene } from "./placed";
import { Viewpoint } from "./viewpoint";

/** The selected node's name, where it is not the first call of a module. */
export const selectedNode = kept<string>("node", "", String, String);

export class GraphModel {
  readonly hierarchy: Hierarchy;
  readonly parameterCounts: Map<string, number>;
  /** For a module whose parameter is another module's, that module's name. */
  readonly ties: Map<string, string>;
  /** Nodes that are shown open. */
  readonly open: Signal<ReadonlySet<number>>;
  /** For each fold which of its instances is shown. */
  readonly chosen: Signal<Chosen> = signal(new Map());
  /** How often each module is called. */
  readonly calls: Map<string, number>;
  readonly depth: Signal<number>;
  readonly placed: Signal<PlacedScene | null> = signal(null);
  readonly viewpoint: Viewpoint;
  readonly selected: Signal<number | null> = signal(null);
  /** The node that the keyboard is at. */
  readonly focused: Signal<number | null> = signal(null);
  readonly hovered: Signal<number | null> = signal(null);
  readonly hoveredLine: Signal<Line | null> = signal(null);
  /** Every way between two nodes, shown in the picture; null: none is. */
  readonly way: Signal<Way | null> = signal(null);
  /** Where a way begins whose end is being picked; null: none is. */
  readonly wayStart: Signal<number | null> = signal(null);
  readonly pins: Signal<readonly PinnedNode[]> = signal([]);
  readonly differences: Signal<ReadonlyMap<number, Difference>> = signal(new Map());
  #ownKeys: string[] | null = null;
  /** Boxes, pills and hexagons that are seen. */
  readonly shown: ReadonlySignal<number>;
  readonly #engine: Engine;
  readonly #crossings = new Map<number, Crossing>();

  /** With `beside` the model shares the camera of another one, whose picture stands beside its own. */
  constructor(
    readonly graph: GraphAnswer,
    beside: GraphModel | null = null,
  ) {
    this.viewpoint = new Viewpoint(beside?.viewpoint ?? null);
    this.hierarchy = buildHierarchy(graph);
    this.parameterCounts = parameterCounts(graph);
    this.ties = tiesOf(graph);
    this.calls = callCounts(this.hierarchy);
    this.#engine = createEngine(graph, this.hierarchy);
    this.depth = signal(openingDepth(this.hierarchy));
    this.open = signal(openingSet(this.hierarchy));
    this.shown = computed(() => countShown(this.hierarchy, this.open.value, this.chosen.value));
    this.#arrange(null);
  }

  /** Names of the nodes, for the address; made when first asked for. */
  get keys(): string[] {
    this.#ownKeys ??= nodeKeys(this.hierarchy);
    return this.#ownKeys;
  }

  close(): void {
    this.#engine.close();
    this.viewpoint.close();
  }

  /** The size of the canvas has changed; the first time, the picture is placed in it. */
  resize(size: Size): void {
    this.viewpoint.resize(size, this.placed.value, this.#selectedRect());
  }

  fit(): void {
    if (this.placed.value) this.viewpoint.fit(this.placed.value);
  }

  /** The selection as large as it can be read, in the middle. */
  zoomToSelection(): void {
    const rect = this.#selectedRect();
    if (rect) this.viewpoint.zoomTo(rect);
  }

  /** Opens a module with all modules in it, or closes all that is in it. */
  setAllInside(id: number, isOpen: boolean): void {
    const open = new Set(this.open.value);
    const box = shownAs(this.hierarchy, id);
    if (isOpen) open.add(box);
    for (const inner of this.#inside(box)) {
      if (!isOpen) open.delete(inner);
      else if (this.hierarchy.nodes[inner]?.composite) open.add(inner);
    }
    this.open.value = open;
    this.#arrange(box);
  }

  /** Whether something that can be closed is open in a module: an instance is closed by its fold. */
  hasOpenInside(id: number): boolean {
    const { nodes } = this.hierarchy;
    const isInstance = (node: number): boolean => !!nodes[nodes[node]?.parent ?? 0]?.fold;
    return this.#inside(shownAs(this.hierarchy, id)).some((inner) => this.open.value.has(inner) && !isInstance(inner));
  }

  /** All nodes in a node. */
  #inside(id: number): number[] {
    const found = [...(this.hierarchy.nodes[id]?.children ?? [])];
    for (const next of found) found.push(...(this.hierarchy.nodes[next]?.children ?? []));
    return found;
  }

  setDepth(depth: number): void {
    batch(() => {
      this.depth.value = Math.min(Math.max(depth, 1), this.hierarchy.maxDepth + 1);
      this.open.value = openToDepth(this.hierarchy, this.depth.value);
    });
    this.#arrange(this.selected.value ?? this.#nearestToCentre());
  }

  /** Shows another set of open nodes and instances, as the model beside this one has them. */
  show(open: ReadonlySet<number>, chosen: Chosen): void {
    batch(() => {
      this.open.value = open;
      this.chosen.value = chosen;
    });
    this.#arrange(null);
  }

  /** Opens or closes a module; its corner stays where it is on the screen. */
  toggle(id: number): void {
    const node = shownAs(this.hierarchy, id);
    if (!this.hierarchy.nodes[node]?.openable || node === 0) return;
    const open = new Set(this.open.value);
    if (!open.delete(node)) open.add(node);
    this.open.value = open;
    this.#arrange(node);
  }

  /** Shows another instance of a fold: what was open or selected in the one is so in the other, in the same place. */
  choose(fold: number, position: number): void {
    const { instances = [] } = this.hierarchy.nodes[fold]?.fold ?? {};
    const before = instances[this.chosen.value.get(fold) ?? 0];
    const after = instances[position];
    if (before === undefined || after === undefined || before === after) return;
    const pairs = counterparts(this.hierarchy, before, after);
    const open = new Set(this.open.value);
    for (const [here, there] of pairs) if (open.has(here)) open.add(there);
    const chosen = new Map(this.chosen.value);
    for (const [here, there] of pairs) {
      const inner = this.chosen.value.get(here);
      if (inner !== undefined) chosen.set(there, inner);
    }
    const selected = this.selected.value;
    this.open.value = open;
    this.chosen.value = chosen.set(fold, position);
    this.#arrange(fold);
    const partner = selected === null ? undefined : pairs.get(selected);
    this.select(partner ?? after);
  }

  /** The next or previous instance of the innermost fold around the selection. */
  step(by: number): void {
    const selected = this.selected.value ?? 0;
    const folds = [...this.ancestors(selected), selected].filter((id) => this.hierarchy.nodes[id]?.fold);
    const fold = folds.at(-1) ?? this.#firstFold();
    if (fold === undefined) return;
    const count = this.hierarchy.nodes[fold]?.fold?.instances.length ?? 1;
    this.choose(fold, ((this.chosen.value.get(fold) ?? 0) + by + count) % count);
  }

  #firstFold(): number | undefined {
    return [...(this.placed.value?.boxes.keys() ?? [])].find((id) => this.hierarchy.nodes[id]?.fold);
  }

  /** Selects a node, null for none; what is around it is opened and it is brought into view. */
  select(node: number | null): void {
    const entry = node === null ? undefined : this.hierarchy.nodes[node];
    const start = this.wayStart.value;
    batch(() => {
      if (start !== null && node !== null && node !== start) this.way.value = wayBetween(this.hierarchy, start, node);
      this.wayStart.value = null;
      this.selected.value = entry ? node : null;
      this.focused.value = entry ? node : null;
      selectedModule.value = entry?.kind === "module" ? entry.path : null;
      // The path of a module's first call says it all; of anything else the address keeps the node's own name.
      selectedNode.value = entry && selectedModule.value !== this.keys[node ?? 0] ? (this.keys[node ?? 0] ?? "") : "";
    });
    if (node !== null && entry) this.bringIntoView(node);
  }

  /** All ways between the selection and another node; without any, the next selected node is the end. */
  showWayTo(node: number): void {
    const selected = this.selected.value;
    this.way.value = selected === null || selected === node ? null : wayBetween(this.hierarchy, selected, node);
  }

  /** Follows the address to a node that is not the first call of a module. */
  selectKey(key: string): void {
    const selected = this.selected.value;
    if (key === "" || (selected !== null && this.keys[selected] === key)) return;
    const node = this.keys.indexOf(key);
    if (node > 0) this.select(node);
  }

  /** Has folds show the instances that nodes are in, of several the first, without opening anything; only while
   * nothing is selected. */
  showInstancesOf(nodes: readonly number[]): void {
    if (this.selected.value !== null) return;
    const before = this.chosen.value;
    for (const node of nodes) for (const id of [...this.ancestors(node), node]) this.#chooseQuietly(id);
    if (before !== this.chosen.value) this.#arrange(null);
  }

  /** The first call of a module; −1: there is none. */
  nodeOf(path: string): number {
    return this.hierarchy.nodes.findIndex((candidate) => candidate.kind === "module" && candidate.path === path);
  }

  #chooseQuietly(instance: number): void {
    const fold = this.hierarchy.nodes[instance]?.parent ?? -1;
    const { instances = [] } = this.hierarchy.nodes[fold]?.fold ?? {};
    const position = instances.indexOf(instance);
    if (position < 0 || this.chosen.value.has(fold)) return;
    const pairs = counterparts(this.hierarchy, instances[0] ?? 0, instance);
    const open = new Set(this.open.value);
    for (const [here, there] of pairs) if (open.has(here)) open.add(there);
    this.open.value = open;
    this.chosen.value = new Map(this.chosen.value).set(fold, position);
  }

  /** Follows a module that was selected in another view or by the address. */
  selectPath(path: string | null): void {
    const current = this.selected.value === null ? undefined : this.hierarchy.nodes[this.selected.value];
    if (path === null || (current?.kind === "module" && current.path === path)) return;
    const node = this.nodeOf(path);
    if (node >= 0) this.select(node);
  }

  bringIntoView(node: number): void {
    const path = this.ancestors(node);
    const missing = path.filter((id) => id !== 0 && shownAs(this.hierarchy, id) === id && !this.open.value.has(id));
    const chosen = this.#chosenWith([...path, node]);
    const isShown = chosen === this.chosen.value;
    this.chosen.value = chosen;
    // A fold needn't be open to show which of its instances is selected.
    if (shownAs(this.hierarchy, node) !== node) missing.pop();
    if (missing.length === 0 && isShown) {
      this.#revealNode(node);
      return;
    }
    this.open.value = new Set([...this.open.value, ...missing]);
    this.#arrange(null, () => this.#revealNode(node));
  }

  /** The choice by which all of a path is seen; the same object where it is so already. */
  #chosenWith(path: number[]): Chosen {
    const chosen = new Map(this.chosen.value);
    let changed = false;
    for (const id of path) {
      const fold = this.hierarchy.nodes[id]?.parent ?? -1;
      const position = this.hierarchy.nodes[fold]?.fold?.instances.indexOf(id) ?? -1;
      if (position < 0 || (chosen.get(fold) ?? 0) === position) continue;
      chosen.set(fold, position);
      changed = true;
    }
    return changed ? chosen : this.chosen.value;
  }

  /** Tensors that enter and leave a node. */
  crossing(id: number): Crossing {
    const known = this.#crossings.get(id);
    const node = this.hierarchy.nodes[id];
    if (known || !node) return known ?? { entering: [], leaving: [] };
    const crossing = crossingOf(this.graph, this.hierarchy, id);
    this.#crossings.set(id, crossing);
    return crossing;
  }

  /** Operations, inputs and outputs outside a node that it reads from, and that read from it. O(operations). */
  neighbours(id: number): { sources: number[]; readers: number[] } {
    const { hierarchy, graph } = this;
    const { flow } = hierarchy;
    const node = hierarchy.nodes[id];
    const inside = operationsIn(graph, hierarchy, id);
    const isInside = (value: number): boolean =>
      value >= 0 ? inside[value] === 1 : node?.kind === "input" && hierarchy.ofValue(value) === id;
    const sources = new Set<number>();
    const readers = new Set<number>();
    flow.sources.forEach((values, operation) => {
      for (const value of values) {
        if (inside[operation] && !isInside(value)) sources.add(hierarchy.ofValue(value));
        if (!inside[operation] && isInside(value)) readers.add(hierarchy.ofValue(operation));
      }
    });
    hierarchy.nodes.forEach((other, output) => {
      for (const index of other.kind === "output" ? membersOf(other) : []) {
        const value = flow.outputs[index];
        if (value === null || value === undefined) continue;
        if (output === id) sources.add(hierarchy.ofValue(value));
        else if (isInside(value)) readers.add(output);
      }
    });
    return { sources: [...sources], readers: [...readers] };
  }

  /** From the root down to the node's parent. */
  ancestors(node: number): number[] {
    const path: number[] = [];
    for (let at = this.hierarchy.nodes[node]?.parent ?? -1; at >= 0; at = this.hierarchy.nodes[at]?.parent ?? -1) {
      path.push(at);
    }
    return path.reverse();
  }

  #rectOf(node: number): Rect | undefined {
    return this.placed.value?.boxes.get(shownAs(this.hierarchy, node));
  }

  #selectedRect(): Rect | undefined {
    return this.selected.value === null ? undefined : this.#rectOf(this.selected.value);
  }

  #revealNode(node: number): void {
    const rect = this.#rectOf(node);
    if (rect) this.viewpoint.reveal(rect);
  }

  /** The outermost box nearest to the middle of the canvas. */
  #nearestToCentre(): number | null {
    const { camera, screen } = this.viewpoint;
    const centre = toPicture(camera.value, screen.value.width / 2, screen.value.height / 2);
    let nearest: number | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const child of this.hierarchy.groups.get(0)?.children ?? []) {
      const rect = this.placed.value?.boxes.get(child);
      if (!rect) continue;
      const distance = Math.abs(rect.y + rect.height / 2 - centre.y) - rect.height / 2;
      if (distance >= least) continue;
      least = distance;
      nearest = child;
    }
    return nearest;
  }

  #arrange(anchor: number | null, then?: () => void): void {
    this.#engine.arrange(this.open.value, this.chosen.value, (scene) => {
      const before = this.placed.value;
      const after = placeScene(this.hierarchy, scene);
      batch(() => {
        this.placed.value = after;
        this.viewpoint.follow(before, after, anchor, this.#selectedRect());
      });
      then?.();
    });
  }
}

function callCounts(hierarchy: Hierarchy): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, path } of hierarchy.nodes) if (kind === "module") counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}
