import { expect, it } from "vitest";
import { SvgContext } from "../../../src/base/svg_context";
import { paintLines } from "../../../src/views/tensors/over_steps";
import { summarize } from "../../../src/views/tensors/summary";

const ruler = { font: "", measureText: (text: string) => ({ width: 6 * text.length }) } as CanvasRenderingContext2D;

function paths(values: readonly number[]): string[] {
  const context = new SvgContext(ruler);
  const summaries = values.map((value) => summarize(Float32Array.of(value)));
  const steps = values.map((_, step) => 10 * step);
  paintLines(context as unknown as CanvasRenderingContext2D, steps, summaries);
  const file = new DOMParser().parseFromString(context.file(360, 288, "#fff"), "image/svg+xml");
  return [...file.querySelectorAll("path")].map((path) => path.getAttribute("d") ?? "");
}

const xs = (path: string) => [...path.matchAll(/[ML]?\s*(-?[\d.]+)[ ,]+(-?[\d.]+)/g)].map(([, x]) => Number(x));

it("has a line for each statistic, over all steps", () => {
  const found = paths([1, 2, 4]);
  expect(found).toHaveLength(4);
  for (const path of found) expect(xs(path)).toEqual([65.33, 180, 294.67].map((x) => expect.closeTo(x, 1)));
});

it("breaks a line at a step without a finite value, and shows a lone one", () => {
  const found = paths([1, 2, Number.NaN, 4]);
  // Of the maximum, the mean and the deviation two parts each; the number of NaN is there at each step.
  expect(found).toHaveLength(7);
  // Each of the four steps has 86 px, and is in their middle.
  expect(found.slice(0, 2).map(xs)).toEqual([
    [51, 137],
    [303, 315],
  ]);
});
