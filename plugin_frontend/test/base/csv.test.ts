import { expect, test } from "vitest";
import { csvOf } from "../../src/base/csv";

test("fields that would break their line are quoted", () => {
  expect(
    csvOf([
      ["a", 1],
      ['x,"y"', "two\nlines"],
      [Number.NaN, -0.5],
    ]),
  ).toBe('a,1\n"x,""y""","two\nlines"\nNaN,-0.5\n');
  expect(csvOf([])).toBe("");
});
