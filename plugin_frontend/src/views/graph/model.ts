// The state of the view for one recorded graph: what is open, selected and hovered, and where the picture is.

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { GraphAnswer } from "../../api/types";
import { createEngine, type Engine } from "../../layout/engine";
import { buildHierarchy, type Hierarchy } from "../../layout/hierarchy";
import { type Chosen, countShown, openingDepth, openingSet, openToDepth } from "../../layout/scene";
import { selectedModule } from "../../store/selection";
import { type Camera, fitAll, hold, isInView, openingCamera, type Rect, reveal, type Size, toPicture } from "./camera";
import { type Crossing, crossingOf, parameterCounts, tiesOf } from "./facts";
import { counterparts, shownAs } from "./instances";
import { type Line, type PlacedScene, placeScene } from "./placed";

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
  readonly camera: Signal<Camera> = signal({ x: 0, y: 0, zoom: 1 });
  readonly screen: Signal<Size> = signal({ width: 0, height: 0 });
  readonly transition: Signal<Transition | null> = signal(null);
  readonly selected: Signal<number | null> = signal(null);
  /** The node that the keyboard is at. */
  readonly focused: Signal<number | null> = signal(null);
  readonly hovered: Signal<number | null> = signal(null);
  readonly hoveredLine: Signal<Line | null> = signal(null);
  /** Boxes, pills and hexagons that are seen. */
  readonly shown: ReadonlySignal<number>;
  private readonly engine: Engine;
  private readonly crossings = new Map<number, Crossing>();
  private opened = false;
  private frame = 0;

  constructor(readonly graph: GraphAnswer) {
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

  setDepth(depth: number): void {
    batch(() => {
      this.depth.value = Math.min(Math.max(depth, 1), this.hierarchy.maxDepth + 1);
      this.open.value = openToDepth(this.hierarchy, this.depth.value);
    });
    this.arrange(this.selected.value ?? this.nearestToCentre());
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
    batch(() => {
      this.selected.value = entry ? node : null;
      this.focused.value = entry ? node : null;
      selectedModule.value = entry?.kind === "module" ? entry.path : null;
    });
    if (node !== null && entry) this.bringIntoView(node);
  }

  /** Follows a module that was selected in another view or by the address. */
  selectPath(path: string | null): void {
    const current = this.selected.value === null ? undefined : this.hierarchy.nodes[this.selected.value];
    if (path === null || (current?.kind === "module" && current.path === path)) return;
    const node = this.hierarchy.nodes.findIndex((candidate) => candidate.kind === "module" && candidate.path === path);
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
