// Which site is where: equal blocks are columns of one gallery, shared with the flow above; without blocks the modules
// are the columns of the flow, and the gallery's groups.

import type { Site } from "../../api/types";
import { formatShape } from "../../base/format";
import { groupByModule, latticeOf } from "../../base/names";

export interface GalleryRow {
  label: string;
  /** The shape of its maps; empty where they differ. */
  shape: string;
  /** Maps without a second dimension are strips. */
  strip: boolean;
  /** Name of the site by column; null: that block has none. */
  sites: (string | null)[];
}

export interface GalleryPlan {
  /** Columns of the flow: blocks or modules. */
  columns: { label: string; sites: string[] }[];
  /** Rows under the same columns; empty: no block repeats. */
  rows: GalleryRow[];
  /** What is outside every block. */
  groups: { module: string; sites: string[] }[];
}

export function galleryPlan(sites: readonly Site[]): GalleryPlan {
  const names = sites.map(({ name }) => name);
  const at = (index: number) => names[index] ?? "";
  const lattice = latticeOf(names);
  const groups = groupByModule(names, lattice?.rest).map(({ module, members }) => ({ module, sites: members.map(at) }));
  if (!lattice)
    return { columns: groups.map(({ module, sites: inside }) => ({ label: module, sites: inside })), rows: [], groups };
  const columns = lattice.blocks.map((label, block) => ({
    label,
    sites: (lattice.cells[block] ?? []).flatMap((cell) => (cell === null ? [] : [at(cell)])),
  }));
  const rows = lattice.columns.map((label, row) => {
    const cells = lattice.blocks.map((_, block) => lattice.cells[block]?.[row] ?? null);
    const inside = cells.flatMap((cell) => (cell === null ? [] : (sites[cell] ?? [])));
    const shapes = new Set(inside.map(({ shape }) => formatShape(shape)));
    return {
      label: label.replace(/\.weight$/, "") || "weight",
      shape: shapes.size === 1 ? ([...shapes][0] ?? "") : "",
      strip: inside.every(({ shape }) => isStrip(shape)),
      sites: cells.map((cell) => (cell === null ? null : at(cell))),
    };
  });
  return { columns, rows, groups };
}

/** Tensors of one dimension or none have one row of cells. */
export function isStrip(shape: readonly number[]): boolean {
  return shape.length < 2;
}
