// The module tree at the left: the DOM twin of the canvas, with the colour of the chosen number in each row.

import { useEffect, useMemo } from "preact/hooks";
import { signal } from "../../base/signals";
import type { Hierarchy, HierarchyNode } from "../../layout/hierarchy";
import { look, useCanvas } from "../../widgets/canvas";
import { Tree, type TreeRow } from "../../widgets/tree";
import { describeMeasure, type Health, type Measure, measureOf } from "./health";
import type { GraphModel } from "./model";
import { foldCount } from "./paint_folds";
import { safeName } from "./paint_text";
import { paintMeasure } from "./swatch";

const MOST_OPENED_ROWS = 60;

export function ModuleTree({ model, health, title }: { model: GraphModel; health: Health; title: string }) {
  const { hierarchy } = model;
  const expanded = useMemo(() => signal<ReadonlySet<number>>(firstExpanded(hierarchy)), []);
  const selected = model.selected.value;
  const row = selected === null ? null : nearestModule(hierarchy, selected);
  useEffect(() => {
    if (row !== null) expanded.value = new Set([...expanded.peek(), ...model.ancestors(row)]);
  }, [expanded, model, row]);
  const open = expanded.value;
  const rows = useMemo(() => rowsOf(hierarchy, open), [hierarchy, open]);
  const toggle = (id: number, expand: boolean) => {
    const next = new Set(open);
    if (expand) next.add(id);
    else next.delete(id);
    expanded.value = next;
  };
  return (
    <nav class="graph-tree" aria-label="Modules">
      <div class="graph-tree-head">
        <span>Modules</span>
        <span>{title}</span>
      </div>
      <Tree
        label="Modules"
        rows={rows}
        selected={row}
        nameOf={(each) => hierarchy.nodes[each.id]?.name ?? ""}
        content={(each) => <ModuleRow model={model} health={health} id={each.id} />}
        onSelect={(id) => model.select(id)}
        onToggle={toggle}
      />
    </nav>
  );
}

function ModuleRow({ model, health, id }: { model: GraphModel; health: Health; id: number }) {
  const node = model.hierarchy.nodes[id];
  if (!node) return null;
  const measure = measureOf(health, model.hierarchy, id);
  const type = node.fold?.type ?? node.type;
  const idle = model.graph.mode !== "modules" && node.operations === 0;
  return (
    <>
      <span class={`graph-tree-name ${idle ? "pale" : ""}`} title={idle ? "no operation ran in it" : undefined}>
        <bdi>{safeName(node.name)}</bdi>
        {type !== "" && node.name !== type && <span class="graph-tree-type">{safeName(type)}</span>}
        {node.fold && <span class="graph-tree-type">{foldCount(node.fold)}</span>}
        {node.call > 0 && <span class="graph-tree-type">call {node.call + 1}</span>}
      </span>
      {measure && <Swatch measure={measure} health={health} />}
    </>
  );
}

function Swatch({ measure, health }: { measure: Measure; health: Health }) {
  const text = describeMeasure(measure, health.format);
  const canvas = useCanvas((context, { width, height }) =>
    paintMeasure(context, { x: 0, y: 0, width, height }, measure, health.paint, look.value),
  );
  return <canvas class="graph-swatch" ref={canvas} role="img" aria-label={text} title={text} />;
}

/** Modules, the call tree a level deep at first; as many levels as keep the list short. */
function firstExpanded(hierarchy: Hierarchy): Set<number> {
  let expanded = new Set([0]);
  for (let depth = 1; depth <= hierarchy.maxDepth; depth += 1) {
    const next = new Set(expanded);
    hierarchy.nodes.forEach((node, id) => {
      if (isInTree(node) && node.level <= depth) next.add(id);
    });
    if (rowsOf(hierarchy, next).length > MOST_OPENED_ROWS) break;
    expanded = next;
  }
  return expanded;
}

/** Depth first, without recursion: a hostile log may nest thousands of modules. */
export function rowsOf(hierarchy: Hierarchy, expanded: ReadonlySet<number>): TreeRow[] {
  const modulesIn = (id: number): number[] =>
    (hierarchy.nodes[id]?.children ?? []).flatMap((child) => {
      if (hierarchy.nodes[child]?.kind === "series") return modulesIn(child);
      return isInTree(hierarchy.nodes[child]) ? [child] : [];
    });
  const rows: TreeRow[] = [];
  const waiting: Omit<TreeRow, "expanded">[] = [{ id: 0, depth: 0, position: 1, setSize: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const children = modulesIn(next.id);
    const open = expanded.has(next.id);
    rows.push({ ...next, expanded: children.length > 0 ? open : null });
    if (!open) continue;
    const { depth } = next;
    const below = children.map((id, index) => ({
      id,
      depth: depth + 1,
      position: index + 1,
      setSize: children.length,
    }));
    for (const row of below.reverse()) waiting.push(row);
  }
  return rows;
}

/** The node itself if it is a module, else the module that holds it. */
function nearestModule({ nodes }: Hierarchy, from: number): number {
  let id = from;
  while (id > 0 && !isInTree(nodes[id])) id = nodes[id]?.parent ?? 0;
  return id;
}

const isInTree = (node: HierarchyNode | undefined): boolean =>
  node !== undefined && (node.kind === "module" || node.kind === "fold" || node.kind === "part");
