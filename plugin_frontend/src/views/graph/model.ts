// The state of the view for one recorded graph: what is open, selected and hovered, and where the picture is.

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { GraphAnswer } from "../../api/types";
import { createEngine, type Engine } from "../../layout/engine";
import { buildHierarchy, type Hierarchy } from "../../layout/hierarchy";
import { type Chosen, countShown, openingDepth, openingSet, openToDepth } from "../../layout/scene";
import { kept } from "../../store/kept";
import { selectedModule } from "../../store/selection";
import {
  type Camera,
  fitAll,
  fitRect,
  hold,
  isInView,
  openingCamera,
  type Rect,
  reveal,
  type Size,
  toPicture,
} from "./camera";
import type { Difference } from "./difference";
import { type Crossing, crossingOf, operationsIn, parameterCounts, tiesOf } from "./facts";
import { counterparts, shownAs } from "./instances";
import { nodeKeys } from "./node_keys";
import type { PinnedNode } from "./paint_marks";
import { type Way, wayBetween } from "./paths";
import { type Line, type PlacedScene, placeScene } from "./placed";

/** The selected node's name, where it is not the first call of a module. */
export const selectedNode = kept<string>("node", "", String, String);

/** A picture on its way to the next: boxes move from where they were. */
export interface Transition {
  from: Map<number, Rect>;
  /** How far the picture itself has moved, so that the clicked box stays on the screen. */
  shift: { x: number; y: number };
  /** 0 at its start, 1 at its end. */
  progress: number;
}

const TRANSITION_MS = 150;
/** As side_panel.css has it. */
const PANEL_LIES_OVER = "(720px <= width < 1100px)";
const PANEL_WIDTH = 320;

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
  readonly camera: Signal<Camera>;
  readonly screen: Signal<Size> = signal({ width: 0, height: 0 });
  readonly transition: Signal<Transition | null> = signal(null);
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
  private ownKeys: string[] | null = null;
  /** Boxes, pills and hexagons that are seen. */
  readonly shown: ReadonlySignal<number>;
  private readonly engine: Engine;
  private readonly crossings = new Map<number, Crossing>();
  private opened = false;
  private frame = 0;

  /** With `beside` the model shares the camera of another one, whose picture stands beside its own. */
  constructor(
    readonly graph: GraphAnswer,
    beside: GraphModel | null = null,
  ) {
    this.camera = beside?.camera ?? signal({ x: 0, y: 0, zoom: 1 });
    this.opened = beside !== null;
    this.hierarchy = buildHierarchy(graph);
    this.parameterCounts = parameterCounts(graph);
    this.ties = tiesOf(graph);
    this.calls = callCounts(this.hierarchy);
    this.engine = createEngine(graph, this.hierarchy);
    this.depth = signal(openingDepth(this.hierarchy));
    this.open = signal(openingSet(this.hierarchy));
    this.shown = computed(() => countShown(this.hierarchy, this.open.value, this.chosen.value));
    this.arrange(null);
  }

  /** Names of the nodes, for the address; made when first asked for. */
  get keys(): string[] {
    this.ownKeys ??= nodeKeys(this.hierarchy);
    return this.ownKeys;
  }

  close(): void {
    this.engine.close();
    cancelAnimationFrame(this.frame);
  }

  /** The size of the canvas has changed; the first time, the picture is placed in it. */
  resize(size: Size): void {
    batch(() => {
      const before = this.screen.value;
      this.screen.value = size;
      this.openCamera();
      this.keepSelectionInView(before);
    });
  }

  fit(): void {
    const placed = this.placed.value;
    if (placed) this.camera.value = fitAll(placed, this.screen.value);
  }

  /** The selection as large as it can be read, in the middle. */
  zoomToSelection(): void {
    const selected = this.selected.value;
    const rect = selected === null ? undefined : this.placed.value?.boxes.get(shownAs(this.hierarchy, selected));
    if (rect) this.camera.value = fitRect(rect, this.uncovered());
  }

  /** Opens or closes all that is in a module. */
  setAllInside(id: number, isOpen: boolean): void {
    const open = new Set(this.open.value);
    const waiting = [shownAs(this.hierarchy, id)];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const node = this.hierarchy.nodes[next];
      if (!node) continue;
      if (isOpen && node.composite) open.add(next);
      if (!isOpen) open.delete(next);
      waiting.push(...node.children);
    }
    this.open.value = open;
    this.arrange(shownAs(this.hierarchy, id));
  }

  setDepth(depth: number): void {
    batch(() => {
      this.depth.value = Math.min(Math.max(depth, 1), this.hierarchy.maxDepth + 1);
      this.open.value = openToDepth(this.hierarchy, this.depth.value);
    });
    this.arrange(this.selected.value ?? this.nearestToCentre());
  }

  /** Shows another set of open nodes and instances, as the model beside this one has them. */
  show(open: ReadonlySet<number>, chosen: Chosen): void {
    batch(() => {
      this.open.value = open;
      this.chosen.value = chosen;
    });
    this.arrange(null);
  }

  /** Opens or closes a module; its corner stays where it is on the screen. */
  toggle(id: number): void {
    const node = shownAs(this.hierarchy, id);
    if (!this.hierarchy.nodes[node]?.openable || node === 0) return;
    const open = new Set(this.open.value);
    if (!open.delete(node)) open.add(node);
    this.open.value = open;
    this.arrange(node);
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
    this.arrange(fold);
    const partner = selected === null ? undefined : pairs.get(selected);
    this.select(partner ?? after);
  }

  /** The next or previous instance of the innermost fold around the selection. */
  step(by: number): void {
    const selected = this.selected.value ?? 0;
    const folds = [...this.ancestors(selected), selected].filter((id) => this.hierarchy.nodes[id]?.fold);
    const fold = folds.at(-1) ?? this.firstFold();
    if (fold === undefined) return;
    const count = this.hierarchy.nodes[fold]?.fold?.instances.length ?? 1;
    this.choose(fold, ((this.chosen.value.get(fold) ?? 0) + by + count) % count);
  }

  private firstFold(): number | undefined {
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

  /** Has folds show the instance that a node is in, without opening anything; only while nothing is selected. */
  showInstanceOf(node: number): void {
    if (this.selected.value !== null) return;
    const before = this.chosen.value;
    for (const id of [...this.ancestors(node), node]) this.chooseQuietly(id);
    if (before !== this.chosen.value) this.arrange(null);
  }

  /** The first call of a module; −1: there is none. */
  nodeOf(path: string): number {
    return this.hierarchy.nodes.findIndex((candidate) => candidate.kind === "module" && candidate.path === path);
  }

  private chooseQuietly(instance: number): void {
    const fold = this.hierarchy.nodes[instance]?.parent ?? -1;
    const { instances = [] } = this.hierarchy.nodes[fold]?.fold ?? {};
    const position = instances.indexOf(instance);
    if (position <= 0 || this.chosen.value.has(fold)) return;
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
    const chosen = this.chosenWith([...path, node]);
    const isShown = chosen === this.chosen.value;
    this.chosen.value = chosen;
    // A fold needn't be open to show which of its instances is selected.
    if (shownAs(this.hierarchy, node) !== node) missing.pop();
    if (missing.length === 0 && isShown) {
      this.revealNode(node);
      return;
    }
    this.open.value = new Set([...this.open.value, ...missing]);
    this.arrange(null, () => this.revealNode(node));
  }

  /** The choice by which all of a path is seen; the same object where it is so already. */
  private chosenWith(path: number[]): Chosen {
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
    const known = this.crossings.get(id);
    const node = this.hierarchy.nodes[id];
    if (known || !node) return known ?? { entering: [], leaving: [] };
    const crossing = crossingOf(this.graph, this.hierarchy, id);
    this.crossings.set(id, crossing);
    return crossing;
  }

  /** Operations, inputs and outputs outside a node that it reads from, and that read from it. O(operations). */
  neighbours(id: number): { sources: number[]; readers: number[] } {
    const { hierarchy, graph } = this;
    const { flow } = hierarchy;
    const node = hierarchy.nodes[id];
    const inside = operationsIn(graph, hierarchy, id);
    const isInside = (value: number): boolean =>
      value >= 0 ? inside[value] === 1 : node?.kind === "input" && node.index === -value - 1;
    const sources = new Set<number>();
    const readers = new Set<number>();
    flow.sources.forEach((values, operation) => {
      for (const value of values) {
        if (inside[operation] && !isInside(value)) sources.add(hierarchy.ofValue(value));
        if (!inside[operation] && isInside(value)) readers.add(hierarchy.ofValue(operation));
      }
    });
    hierarchy.nodes.forEach((other, output) => {
      const value = other.kind === "output" ? flow.outputs[other.index] : null;
      if (value === null || value === undefined) return;
      if (output === id) sources.add(hierarchy.ofValue(value));
      else if (isInside(value)) readers.add(output);
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

  private revealNode(node: number): void {
    const rect = this.placed.value?.boxes.get(shownAs(this.hierarchy, node));
    if (rect && this.screen.value.width > 0) this.camera.value = reveal(this.camera.value, rect, this.uncovered());
  }

  /** The part of the canvas that no panel lies over. */
  private uncovered(): Size {
    const { width, height } = this.screen.value;
    return matchMedia(PANEL_LIES_OVER).matches
      ? { width: Math.max(160, width - PANEL_WIDTH), height }
      : { width, height };
  }

  /** A panel that opens beside the canvas must not push the selection out of sight. */
  private keepSelectionInView(before: Size): void {
    const node = this.selected.value;
    const rect = node === null ? undefined : this.placed.value?.boxes.get(shownAs(this.hierarchy, node));
    if (node !== null && rect && isInView(this.camera.value, rect, before)) this.revealNode(node);
  }

  /** The outermost box nearest to the middle of the canvas. */
  private nearestToCentre(): number | null {
    const { width, height } = this.screen.value;
    const centre = toPicture(this.camera.value, width / 2, height / 2);
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

  private arrange(anchor: number | null, then?: () => void): void {
    this.engine.arrange(this.open.value, this.chosen.value, (scene) => {
      const before = this.placed.value;
      const after = placeScene(this.hierarchy, scene);
      const old = before && anchor !== null ? spineEnd(before, anchor) : null;
      const now = anchor === null ? null : spineEnd(after, anchor);
      batch(() => {
        if (old && now) this.camera.value = hold(this.camera.value, old, now);
        const shift = old && now ? { x: now.x - old.x, y: now.y - old.y } : { x: 0, y: 0 };
        if (before) this.startTransition(before, shift);
        this.placed.value = after;
        this.openCamera();
      });
      then?.();
    });
  }

  private openCamera(): void {
    const placed = this.placed.value;
    if (this.opened || !placed || this.screen.value.width === 0) return;
    this.opened = true;
    this.camera.value = openingCamera(placed, placed.anchor, this.screen.value);
    if (this.selected.value !== null) this.revealNode(this.selected.value);
  }

  private startTransition(before: PlacedScene, shift: { x: number; y: number }): void {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    cancelAnimationFrame(this.frame);
    const start = performance.now();
    const advance = (now: number) => {
      const progress = Math.min(1, Math.max(0, (now - start) / TRANSITION_MS));
      this.transition.value = progress < 1 ? { from: before.boxes, shift, progress: easeOut(progress) } : null;
      if (progress < 1) this.frame = requestAnimationFrame(advance);
    };
    advance(start);
  }
}

const easeOut = (t: number): number => 1 - (1 - t) ** 3;

/** Where the spine enters a box: the point that stays when the box is opened or closed. */
function spineEnd(placed: PlacedScene, node: number): { x: number; y: number } | null {
  const rect = placed.boxes.get(node);
  const group = placed.groupOf.get(node);
  return rect ? { x: rect.x + (group ? group.layout.anchor : rect.width / 2), y: rect.y } : null;
}

function callCounts(hierarchy: Hierarchy): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, path } of hierarchy.nodes) if (kind === "module") counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}
