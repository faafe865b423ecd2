import { describe, expect, it } from "vitest";
import { type FlightRecorderAnswer, State } from "../../../src/api/types";
import { linesOf, reaches, recordOf } from "../../../src/views/overview/steps_before";
import { statistics } from "./answers";

function flight(cells: Parameters<typeof statistics>[0], losses: number[]): FlightRecorderAnswer {
  const { steps, values, state, problems } = statistics(cells, [7, 9, 10]);
  return { steps, gradientNorms: values, state, losses: Float64Array.from(losses), problems };
}

const CELLS: Parameters<typeof statistics>[0] = [
  [3, 4],
  [0, "frozen"],
  ["nan", 2],
];

describe("the steps before", () => {
  it("are those of the record that was written at the step or after it", () => {
    expect(recordOf([3, 300], 3)).toBe(3);
    expect(recordOf([3, 300], 4)).toBe(300);
    expect(recordOf([3, 300], 301)).toBeNull();
    expect(recordOf([], 3)).toBeNull();
  });

  it("are shown only where the record reaches back to the step", () => {
    expect(reaches([290, 300], 290)).toBe(true);
    expect(reaches([290, 300], 4)).toBe(false);
    expect(reaches([], 4)).toBe(false);
  });

  it("have the norm of the model, of the site and the loss", () => {
    const [model, site, loss] = linesOf(flight(CELLS, [1, 2, Number.POSITIVE_INFINITY]), "b.weight", 1);
    expect(model?.name).toBe("gradient norm of the model");
    expect([...(model?.values ?? [])]).toEqual([5, 0, Number.NaN]);
    expect([...(model?.state ?? [])]).toEqual([State.finite, State.finite, State.nan]);
    expect(site?.name).toBe("gradient norm of b.weight");
    expect([...(site?.state ?? [])]).toEqual([State.finite, State.frozen, State.finite]);
    expect([...(loss?.state ?? [])]).toEqual([State.finite, State.finite, State.posInf]);
  });

  it("have no line of a site that is unknown, nor of a loss that was not told", () => {
    const untold = [Number.NaN, Number.NaN, Number.NaN];
    expect(linesOf(flight(CELLS, untold), "layer", -1).map(({ name }) => name)).toEqual(["gradient norm of the model"]);
    expect(linesOf(flight(CELLS, untold), null, -1)).toHaveLength(1);
  });
});
