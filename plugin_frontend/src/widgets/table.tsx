// A table of numbers: first column names, the others right-aligned.

import type { ComponentChildren } from "preact";

export interface TableRow {
  key: string;
  cells: readonly ComponentChildren[];
  selected?: boolean;
  /** In a tree: how deep the row is, from 1, and whether what is under it is shown; absent: nothing is. */
  level?: number;
  expanded?: boolean;
}

interface TableProps {
  caption: string;
  head: readonly ComponentChildren[];
  rows: readonly TableRow[];
  /** For the twin of a picture: there for screen readers only. */
  hidden?: boolean;
  /** Rows are under others. */
  tree?: boolean;
}

export function Table({ caption, head, rows, hidden = false, tree = false }: TableProps) {
  const table = (
    <table class="table" role={tree ? "treegrid" : undefined}>
      <caption class="hidden-visually">{caption}</caption>
      <thead>
        <tr>
          {head.map((cell, index) => (
            <th scope="col" key={index}>
              {cell}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells, selected, level, expanded }) => (
          <tr key={key} class={selected ? "selected" : undefined} aria-level={level} aria-expanded={expanded}>
            <th scope="row">{cells[0]}</th>
            {cells.slice(1).map((cell, index) => (
              <td key={index}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
  // A table takes the size that it needs, so a box hides it.
  return hidden ? <div class="hidden-visually">{table}</div> : table;
}
