import { expect, it } from "vitest";
import { linearAxis, symlogAxis } from "../../src/base/axis";
import { separated } from "../../src/base/paint";

const labels = (ticks: { label: string }[]) => ticks.map(({ label }) => label);

it("keeps zero and the ends where labels would touch", () => {
  const ticks = symlogAxis(-1, 1, 1e-3).ticks(4);
  expect(labels(separated(ticks, 60, () => 20))).toEqual(["−1", "0", "1"]);
});

it("keeps all where there is room, in order", () => {
  const ticks = linearAxis(0, 4).ticks(4);
  expect(separated(ticks, 500, () => 20)).toEqual(ticks);
  expect(separated([], 500, () => 20)).toEqual([]);
});
