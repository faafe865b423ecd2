import { describe, expect, it } from "vitest";
import { State, type StatisticsAnswer } from "../../../src/api/types";
import { type Pooled, poolColumns, poolRows, type Slots, slotsOf, specialRuns } from "../../../src/views/overview/pool";
import { statistics } from "./answers";

/** Slots of `count` equal spans on `pixels`. */
function even(count: number, pixels: number) {
  const edge = (index: number) => (index * pixels) / count;
  return slotsOf(
    Array.from({ length: count }, (_, index) => edge(index)),
    Array.from({ length: count }, (_, index) => edge(index + 1)),
  );
}

function pool(
  answer: StatisticsAnswer,
  sites: number[],
  rows: Slots,
  columns: Slots,
  strength: (value: number) => number,
) {
  const pooled = poolRows(answer, sites, rows, strength);
  return shown(pooled, poolColumns(pooled, 0, columns, room(pooled)), columns.from.length);
}

const room = ({ values }: Pooled) => new Int32Array(values.length);

/** The cells that were chosen. */
function shown({ values, state }: Pooled, winners: Int32Array, columns: number) {
  return {
    columns,
    values: Array.from(winners, (winner) => values[winner]),
    state: Uint8Array.from(winners, (winner) => state[winner] ?? State.missing),
  };
}

const identity = (value: number): number => value;

describe("slotsOf", () => {
  it("gives each span its own pixels where there is room, without overlap or seam", () => {
    const { slots, from, to } = even(3, 10);
    expect([...slots]).toEqual([0, 1, 2]);
    expect(from).toEqual([0, 3, 6]);
    expect(to).toEqual([3, 6, 10]);
  });

  it("merges spans that begin in the same pixel", () => {
    const { slots, from, to } = even(1000, 100);
    expect(from).toHaveLength(100);
    expect(from).toEqual(Array.from({ length: 100 }, (_, pixel) => pixel));
    expect(to).toEqual(from.map((pixel) => pixel + 1));
    expect([...slots]).toEqual(Array.from({ length: 1000 }, (_, index) => Math.floor(index / 10)));
  });
});

describe("pool", () => {
  it("lets no single non-finite cell of a million vanish", () => {
    const [steps, sites] = [1000, 1000];
    const answer = {
      ...statistics([]),
      steps: Float64Array.from({ length: steps }, (_, step) => step),
      values: new Float32Array(steps * sites).fill(1),
      state: new Uint8Array(steps * sites),
    };
    const [step, site] = [777, 333];
    answer.state[step * sites + site] = State.posInf;
    const order = Array.from({ length: sites }, (_, index) => index);
    const cells = pool(answer, order, even(sites, 370), even(steps, 500), identity);
    const found = cells.state.indexOf(State.posInf);
    expect(Math.floor(found / cells.columns)).toBe(Math.floor((site * 370) / sites));
    expect(found % cells.columns).toBe(Math.floor((step * 500) / steps));
  });

  it("takes each site's own cells where a stage shows only some of them", () => {
    const answer = statistics([
      [1, 2, 3, "missing"],
      [4, 5, 6, "missing"],
    ]);
    const cells = pool(answer, [0, 2], even(2, 2), even(2, 2), identity);
    expect(cells.values).toEqual([1, 4, 3, 6]);
    expect([...cells.state]).toEqual(new Array(4).fill(State.finite));
  });

  it("keeps the larger value, a number over zero, zero over what was not measured", () => {
    const answer = statistics([
      [1, "zero", "missing", "missing"],
      [5, 0.5, "zero", "frozen"],
    ]);
    const cells = pool(answer, [0, 1, 2, 3], even(4, 4), even(2, 1), identity);
    expect(cells.values.slice(0, 2)).toEqual([5, 0.5]);
    expect([...cells.state]).toEqual([State.finite, State.finite, State.zero, State.frozen]);
  });

  it("orders negative values by the given strength", () => {
    const answer = statistics([[-8], [2]]);
    const one = even(1, 1);
    expect(pool(answer, [0], one, even(2, 1), Math.abs).values[0]).toBe(-8);
    expect(pool(answer, [0], one, even(2, 1), identity).values[0]).toBe(2);
  });

  it("follows the order of the rows", () => {
    const cells = pool(statistics([[1, 2, 3]]), [2, 0, 1], even(3, 3), even(1, 1), identity);
    expect(cells.values).toEqual([3, 1, 2]);
  });
});

it("separates the first NaN of a row from what stays NaN", () => {
  const answer = statistics([[1], ["nan"], ["nan"], ["nan"], [1], ["nan"], ["zero"], ["zero"]]);
  const { state, columns } = pool(answer, [0], even(1, 1), even(8, 8), identity);
  const runs = specialRuns(state, columns);
  expect(runs.map(({ from, to, state, isAftermath }) => [from, to, state, isAftermath])).toEqual([
    [1, 2, State.nan, false],
    [2, 4, State.nan, true],
    [5, 6, State.nan, false],
    [6, 8, State.zero, false],
  ]);
});

describe("poolColumns", () => {
  const answer = statistics([[1], [9], [3], ["nan"], [5]]);
  const rows = poolRows(answer, [0], even(1, 1), identity);

  it("sees only the columns of a range, and names the cell that is shown", () => {
    expect([...poolColumns(rows, 1, even(2, 1), room(rows))]).toEqual([1]);
    expect([...poolColumns(rows, 2, even(2, 1), room(rows))]).toEqual([3]);
    expect([...poolColumns(rows, 1, even(2, 2), room(rows))]).toEqual([1, 2]);
  });

  it("uses the same memory again, and as much of it as there are cells", () => {
    const memory = room(rows);
    for (const count of [3, 2]) {
      const winners = poolColumns(rows, 2, even(count, count), memory);
      expect(winners.buffer).toBe(memory.buffer);
      expect([...winners]).toEqual([2, 3, 4].slice(0, count));
    }
  });

  it("shows every state over those that tell less", () => {
    const states = ["missing", "frozen", "zero", 1, "negInf", "posInf", "nan"] as const;
    const winners = states.map((_, end) => {
      const pooled = poolRows(statistics(states.slice(0, end + 1).map((cell) => [cell])), [0], even(1, 1), identity);
      return poolColumns(pooled, 0, even(end + 1, 1), room(pooled))[0];
    });
    expect(winners).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
