// One map at full size with the maxima of its columns and rows, in the panel or over the whole stage.

import { useMemo } from "preact/hooks";
import type { Heatmap } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { formatCount, formatNumber } from "../../base/format";
import { movedInGrid } from "../../base/grid_keys";
import { strongestCell } from "../../base/matrix";
import { signal } from "../../base/signals";
import { look, type Size } from "../../widgets/canvas";
import { Picture, type Point } from "../../widgets/picture";
import { Facts } from "../../widgets/side_panel";
import { Table } from "../../widgets/table";
import { covered, mapCsv, mapMatrix } from "./maps";
import { heatmapStep, quantity, zoomed } from "./options";
import { mapArea, paintMap, pictureHeight } from "./paint_map";

/** The cell that the reader pointed at last. Kept by place: another step has usually cut the same matrix alike. */
const pointed = signal<{ site: string; cell: number } | null>(null);

/** The pointed cell of a map, else its strongest. */
function useCell(heatmap: Heatmap): number {
  const strongest = useMemo(() => strongestCell(mapMatrix(heatmap, "abs_max")), [heatmap]);
  const at = pointed.value;
  return at?.site === heatmap.site && at.cell < heatmap.absMax.length ? at.cell : strongest;
}

const PICTURE_WIDTH = 288;

export function FullMap({ heatmap, scale }: { heatmap: Heatmap; scale: ColourScale }) {
  const cell = useCell(heatmap);
  const what = quantity.value;
  const whole = zoomed.value;
  const draw = useMemo(
    () => (context: CanvasRenderingContext2D, size: Size) =>
      paintMap(context, size, heatmap, what, scale, cell, look.value),
    [heatmap, what, scale, cell],
  );
  const point = (next: number | null): boolean => {
    if (next !== null) pointed.value = { site: heatmap.site, cell: next };
    return next !== null;
  };
  return (
    <div class={`map-full ${whole ? "zoomed" : ""}`}>
      <p>
        <span>maximum of each column</span>
        <button type="button" class="quiet-button" onClick={() => (zoomed.value = !whole)}>
          {whole ? "Back to all maps" : "Enlarge"}
        </button>
        <span>{formatCount(heatmap.columns)} in →</span>
      </p>
      <div class="map-picture" {...(!whole && { style: { height: `${pictureHeight(PICTURE_WIDTH, heatmap)}px` } })}>
        <Picture
          label={`Gradient of ${heatmap.site}, ${heatmap.cellRows} by ${heatmap.cellColumns} cells; arrows move the crosshair`}
          draw={draw}
          onHover={(at) => point(cellAt(at, heatmap))}
          onKey={(event) => point(movedCell(cell, event.key, heatmap))}
          exportName={`${heatmap.site} gradient at step ${heatmapStep.value}`}
          csv={() => mapCsv(heatmap)}
          twin={<MaximaTwin heatmap={heatmap} />}
        />
      </div>
      {heatmap.rows > 1 && (
        <p>
          <span>↓ {formatCount(heatmap.rows)} out</span>
          <span>maximum of each row</span>
        </p>
      )}
    </div>
  );
}

function cellAt(point: Point, heatmap: Heatmap): number | null {
  const area = mapArea(point, heatmap);
  const row = Math.floor(((point.y - area.y) / area.height) * heatmap.cellRows);
  const column = Math.floor(((point.x - area.x) / area.width) * heatmap.cellColumns);
  if (row < 0 || column < 0 || row >= heatmap.cellRows || column >= heatmap.cellColumns) return null;
  return row * heatmap.cellColumns + column;
}

/** The cell after a key; null for a key that does not move. */
export function movedCell(cell: number, key: string, size: { cellRows: number; cellColumns: number }): number | null {
  const from = { row: Math.floor(cell / size.cellColumns), column: cell % size.cellColumns };
  const next = movedInGrid(key, from, size.cellRows, size.cellColumns);
  return next && next.row * size.cellColumns + next.column;
}

export function CellReadout({ heatmap }: { heatmap: Heatmap }) {
  const cell = useCell(heatmap);
  const [row, column] = [Math.floor(cell / heatmap.cellColumns), cell % heatmap.cellColumns];
  const rows = covered(row, heatmap.cellRows, heatmap.rows);
  const columns = covered(column, heatmap.cellColumns, heatmap.columns);
  const magnitude = heatmap.absMax[cell] ?? Number.NaN;
  // The only value of its cell leaves no finite one to average.
  const single = rows[0] === rows[1] && columns[0] === columns[1];
  const mean = heatmap.mean[cell] ?? Number.NaN;
  return (
    <div aria-live="polite">
      <Facts
        facts={[
          ["cell", `out ${span(rows)}, in ${span(columns)}`, "cell"],
          ["absolute maximum", signless(magnitude), "abs_max"],
          [
            "signed mean of finite values",
            single && !Number.isFinite(magnitude) ? "–" : formatNumber(mean),
            "cell_mean",
          ],
          ["maximum of its row", signless(maximumAt(heatmap.rowMax, row, heatmap.cellRows)), "row_max"],
          ["maximum of its column", signless(maximumAt(heatmap.columnMax, column, heatmap.cellColumns)), "row_max"],
          ...(heatmap.maxError > 0
            ? [["stored to within", `${formatNumber(heatmap.maxError * 100)} %`, "stored"] as const]
            : []),
        ]}
      />
    </div>
  );
}

const span = ([first, last]: [number, number]) => (first === last ? String(first) : `${first}–${last}`);

/** Maxima are of magnitudes: an infinity has lost its sign. */
const signless = (value: number) => (value === Number.POSITIVE_INFINITY ? "±Inf" : formatNumber(value));

/** The largest of the maxima that a row (or column) of cells covers; NaN wins over all. */
export function maximumAt(maxima: Float32Array, cell: number, cells: number): number {
  const [first, last] = covered(cell, cells, maxima.length);
  return Math.max(...maxima.subarray(first, Math.max(first, last) + 1));
}

const MOST_TWIN_ROWS = 64;

function MaximaTwin({ heatmap }: { heatmap: Heatmap }) {
  const stride = Math.max(1, Math.ceil(heatmap.rowMax.length / MOST_TWIN_ROWS));
  const rows = Array.from(heatmap.rowMax, (maximum, row) => ({ row, maximum }))
    .filter(({ row }) => row % stride === 0)
    .map(({ row, maximum }) => ({ key: String(row), cells: [String(row), formatNumber(maximum)] }));
  return <Table hidden caption={`Largest magnitude by row of ${heatmap.site}`} head={["row", "maximum"]} rows={rows} />;
}
