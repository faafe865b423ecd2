// A lens: the numbers around the cell that is read out, and the profile of its row.

import { unpackColour } from "../../base/colour_scale";
import { inkOn } from "../../base/contrast";
import { formatCell, formatFloat } from "../../base/format";
import { reduced } from "../../base/matrix";
import { look } from "../../widgets/canvas";
import { Picture } from "../../widgets/picture";
import { cellColour } from "./cell_colour";
import { matrixOfSlice } from "./pixels";
import { PointedValue } from "./pointed_value";
import { axisName } from "./slice";
import type { SliceMapProps } from "./slice_map";
import { readCell } from "./state";
import { span, windowAround } from "./values_table";

const ROWS = 7;
const COLUMNS = 5;

export function Lens(props: SliceMapProps) {
  const { tensor, picks, slice, scale } = props;
  const at = readCell(slice);
  const rows = windowAround(at.row, slice.rows, ROWS);
  const columns = windowAround(at.column, slice.columns, COLUMNS);
  const where = [[picks.rowAxis, rows] as const, [picks.columnAxis, columns] as const].flatMap(([axis, entries]) =>
    axis === null ? [] : [`${axisName(tensor.axes, axis)}: ${span(entries)}`],
  );
  return (
    <div class="lens">
      <p>{where.join(", ")}</p>
      <table>
        <caption class="hidden-visually">Values around the cell that is read out</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {columns.map((column) => {
                const value = slice.values[row * slice.columns + column] ?? Number.NaN;
                const colour = cellColour(value, scale);
                return (
                  <td
                    key={column}
                    title={formatFloat(value)}
                    aria-current={row === at.row && column === at.column}
                    style={{ background: unpackColour(colour), color: inkOn(colour) }}
                  >
                    {formatCell(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <PointedValue {...props} />
      {slice.columns > 1 && <RowProfile {...props} />}
    </div>
  );
}

/** Bars from the scale's low end, of a signed scale from its middle: as high as their colour is far. */
function RowProfile({ tensor, picks, slice, scale }: SliceMapProps) {
  const { row, column } = readCell(slice);
  const values = slice.values.subarray(row * slice.columns, (row + 1) * slice.columns);
  const words = `row ${row}: ${slice.columns} values along ${axisName(tensor.axes, picks.columnAxis ?? 0)}`;
  const base = scale.palette === "signed" ? 0.5 : 0;
  const draw = (context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }) => {
    const cells = matrixOfSlice({ rows: 1, columns: values.length, values }, scale);
    const bars = Array.from(reduced(cells, 1, width).values);
    const step = width / bars.length;
    bars.forEach((value, index) => {
      const [from = 0, to = 0] = [base, Number.isFinite(value) ? scale.position(value) : 1].sort((a, b) => a - b);
      const isRead = index === Math.floor((column * bars.length) / values.length);
      context.fillStyle = isRead ? look.value.ink : unpackColour(cellColour(value, scale));
      const [x, wide] = [index * step, Math.max(step - (step > 3 ? 1 : 0), 1)];
      context.fillRect(x, (1 - to) * (height - 2), wide, Math.max((to - from) * (height - 2), 1));
    });
    context.fillStyle = look.value.line;
    context.fillRect(0, (1 - base) * (height - 2), width, 1);
  };
  return (
    <>
      <p>{words}</p>
      <Picture
        class="row-profile"
        label={`Bars of ${words}`}
        draw={draw}
        exportName={`${tensor.name}_row_${row}_step_${tensor.step}`}
        csv={() => `${Array.from(values, String).join("\n")}\n`}
      />
    </>
  );
}
