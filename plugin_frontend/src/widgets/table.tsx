// A table of numbers: first column names, the others right-aligned.

import type { ComponentChildren } from "preact";

export interface TableRow {
  key: string;
  cells: readonly ComponentChildren[];
  selected?: boolean;
}

interface TableProps {
  caption: string;
  head: readonly ComponentChildren[];
  rows: readonly TableRow[];
  /** For the twin of a picture: there for screen readers only. */
  hidden?: boolean;
}

export function Table({ caption, head, rows, hidden = false }: TableProps) {
  const table = (
    <table class="table">
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
        {rows.map(({ key, cells, selected }) => (
          <tr key={key} class={selected ? "selected" : undefined}>
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
