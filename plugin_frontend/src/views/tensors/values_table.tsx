// The numbers themselves: a window of the slice around the crosshair, each on its colour.

import type { TensorViewAnswer } from "../../api/types";
import { type ColourScale, unpackColour } from "../../base/colour_scale";
import { formatCell, formatFloat } from "../../base/format";
import { cellColour } from "./cell_colour";
import { axisName, type Picks, type Slice } from "./slice";
import { crosshair } from "./state";

const ROWS = 16;
const COLUMNS = 10;

interface ValuesTableProps {
  tensor: TensorViewAnswer;
  picks: Picks;
  slice: Slice;
  scale: ColourScale;
}

export function ValuesTable({ tensor, picks, slice, scale }: ValuesTableProps) {
  const at = crosshair.value ?? { row: 0, column: 0 };
  const rows = windowAround(at.row, slice.rows, ROWS);
  const columns = windowAround(at.column, slice.columns, COLUMNS);
  const go = (row: number, column: number) => {
    crosshair.value = { row: bound(at.row + row, slice.rows), column: bound(at.column + column, slice.columns) };
  };
  return (
    <div class="values">
      <p class="values-place">
        <PageButtons label="rows" back={() => go(-ROWS, 0)} forward={() => go(ROWS, 0)} signs="↑↓" />
        {`${axisName(tensor.axes, picks.rowAxis ?? 0)} ${span(rows)} of ${slice.rows}, `}
        <PageButtons label="columns" back={() => go(0, -COLUMNS)} forward={() => go(0, COLUMNS)} signs="←→" />
        {`${axisName(tensor.axes, picks.columnAxis ?? 0)} ${span(columns)} of ${slice.columns}`}
      </p>
      <table class="values-table">
        <caption class="hidden-visually">Values around the crosshair</caption>
        <thead>
          <tr>
            <td />
            {columns.map((column) => (
              <th scope="col" key={column}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              <th scope="row">{row}</th>
              {columns.map((column) => (
                <ValueCell
                  key={column}
                  value={slice.values[row * slice.columns + column] ?? Number.NaN}
                  scale={scale}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ValueCell({ value, scale }: { value: number; scale: ColourScale }) {
  return (
    <td title={formatFloat(value)}>
      <span class="value-colour" style={{ background: unpackColour(cellColour(value, scale)) }} />
      {formatCell(value)}
    </td>
  );
}

interface PageButtonsProps {
  label: string;
  back: () => void;
  forward: () => void;
  signs: string;
}

function PageButtons({ label, back, forward, signs }: PageButtonsProps) {
  return (
    <>
      <button type="button" class="icon-button" aria-label={`Earlier ${label}`} onClick={back}>
        {signs[0]}
      </button>
      <button type="button" class="icon-button" aria-label={`Later ${label}`} onClick={forward}>
        {signs[1]}
      </button>
    </>
  );
}

/** Up to `length` entries with the middle one near `centre`. */
export function windowAround(centre: number, size: number, length: number): number[] {
  const start = Math.max(0, Math.min(centre - Math.floor(length / 2), size - length));
  return Array.from({ length: Math.min(length, size) }, (_, offset) => start + offset);
}

const bound = (entry: number, size: number) => Math.max(0, Math.min(entry, size - 1));

/** "3–9": the first and the last of them. */
export const span = (entries: number[]) => `${entries[0] ?? 0}–${entries.at(-1) ?? 0}`;
