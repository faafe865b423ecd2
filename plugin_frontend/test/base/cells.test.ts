import { describe, expect, it } from "vitest";
import { State } from "../../src/api/types";
import { atLeast, type CellColours, drawState, isNonFinite } from "../../src/base/cells";

const colours: CellColours = {
  dark: false,
  bg: "bg",
  bad: "bad",
  onBad: "onBad",
  gold: "gold",
  zero: "zero",
  hatch: "hatch",
  ctl: "ctl",
};

/** A context that notes what is filled and stroked, with its colour. */
function recorder() {
  const filled: [string, number, number, number, number][] = [];
  const stroked: string[] = [];
  const noted = {
    fillStyle: "",
    strokeStyle: "",
    fillRect: (x: number, y: number, width: number, height: number) =>
      filled.push([noted.fillStyle, x, y, width, height]),
    stroke: () => stroked.push(noted.strokeStyle),
    strokeRect: () => stroked.push(noted.strokeStyle),
  };
  const context = new Proxy(noted, {
    get: (target, key) => (key in target ? Reflect.get(target, key) : () => undefined),
  });
  return { context: context as unknown as CanvasRenderingContext2D, filled, stroked };
}

const cell = { x: 10, y: 20, width: 1, height: 12 };

describe("drawState", () => {
  it.each([
    [State.nan, "bad"],
    [State.posInf, "gold"],
    [State.negInf, "gold"],
  ])("draws what is not finite at least 3 px wide (state %d)", (state, colour) => {
    const { context, filled } = recorder();
    drawState(context, cell, state, colours);
    expect(filled).toEqual([[colour, 9, 20, 3, 12]]);
  });

  it.each([
    [State.zero, "zero", []],
    [State.missing, "bg", ["hatch"]],
    [State.unsupported, "bg", ["hatch"]],
    [State.frozen, "bg", []],
  ])("fills exactly the cell otherwise (state %d)", (state, colour, lines) => {
    const { context, filled, stroked } = recorder();
    drawState(context, cell, state, colours);
    expect(filled).toEqual([[colour, 10, 20, 1, 12]]);
    expect(stroked).toEqual(lines);
  });

  it("adds the sign from 10 px up", () => {
    const small = recorder();
    drawState(small.context, { ...cell, width: 9 }, State.nan, colours);
    expect(small.stroked).toEqual([]);
    const large = recorder();
    drawState(large.context, { ...cell, width: 10 }, State.nan, colours);
    expect(large.stroked).toEqual(["onBad"]);
  });

  it("leaves finite cells to the caller", () => {
    const { context, filled } = recorder();
    drawState(context, cell, State.finite, colours);
    expect(filled).toEqual([]);
  });
});

it("only infinities and NaN are not finite", () => {
  expect(Object.values(State).filter(isNonFinite).sort()).toEqual([State.posInf, State.negInf, State.nan]);
});

it("grows round the centre", () => {
  expect(atLeast({ x: 0, y: 0, width: 5, height: 1 }, 3)).toEqual({ x: 0, y: -1, width: 5, height: 3 });
});
