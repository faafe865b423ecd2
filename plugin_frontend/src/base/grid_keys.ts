// Keys that move a crosshair over cells.

export interface GridCell {
  row: number;
  column: number;
}

const PAGE = 10;

/**
 * The cell after a key: arrows by one, PageUp and PageDown by ten rows, Home and End within the row, never beyond the
 * edge. Null: the key does not move.
 */
export function movedInGrid(key: string, { row, column }: GridCell, rows: number, columns: number): GridCell | null {
  const moves: Record<string, [row: number, column: number]> = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [row - PAGE, column],
    PageDown: [row + PAGE, column],
    Home: [row, 0],
    End: [row, columns - 1],
  };
  const target = moves[key];
  const within = (entry: number, size: number) => Math.min(size - 1, Math.max(0, entry));
  return target ? { row: within(target[0], rows), column: within(target[1], columns) } : null;
}
