// Which site is where: equal blocks are columns of one gallery, shared with the flow above; without blocks the modules
// are the columns of the flow, and the gallery's groups.

import type { Site } from "../../api/types";
import { formatShape } from "../../base/format";
import { groupByModule, type Lattice, latticeOf } from "../../base/names";

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

/** More modules than this side by side would be slivers; they are groups one below the other. */
const MOST_MODULES = 16;

export function galleryPlan(sites: readonly Site[]): GalleryPlan {
  const names = sites.map(({ name }) => name);
  const lattice = latticeOf(names);
  const isWide = lattice?.kind === "modules" && lattice.blocks.length > MOST_MODULES;
  return lattice && !isWide ? latticePlan(sites, lattice) : groupPlan(names);
}

function groupPlan(names: readonly string[]): GalleryPlan {
  const groups = namedGroups(names);
  return { columns: groups.map(({ module, sites }) => ({ label: module, sites })), rows: [], groups };
}

function latticePlan(sites: readonly Site[], lattice: Lattice): GalleryPlan {
  const names = sites.map(({ name }) => name);
  const columns = lattice.blocks.map((label, block) => ({
    label: label || "model",
    sites: (lattice.cells[block] ?? []).flatMap((cell) => (cell === null ? [] : (names[cell] ?? []))),
  }));
  const rows = lattice.columns.map((label, column) => {
    const cells = lattice.blocks.map((_, block) => lattice.cells[block]?.[column] ?? null);
    return galleryRow(
      label,
      cells.map((cell) => (cell === null ? null : (sites[cell] ?? null))),
    );
  });
  return { columns, rows, groups: namedGroups(names, lattice.rest) };
}

function galleryRow(label: string, row: readonly (Site | null)[]): GalleryRow {
  const inside = row.filter((site) => site !== null);
  const shapes = new Set(inside.map(({ shape }) => formatShape(shape)));
  return {
    label: label.replace(/\.weight$/, ""),
    shape: shapes.size === 1 ? ([...shapes][0] ?? "") : "",
    strip: inside.every(({ shape }) => isStrip(shape)),
    sites: row.map((site) => site?.name ?? null),
  };
}

function namedGroups(names: readonly string[], members?: number[]): GalleryPlan["groups"] {
  return groupByModule(names, members).map(({ module, members: inside }) => ({
    module,
    sites: inside.flatMap((index) => names[index] ?? []),
  }));
}

/** Tensors of one dimension or none have one row of cells. */
export function isStrip(shape: readonly number[]): boolean {
  return shape.length < 2;
}
