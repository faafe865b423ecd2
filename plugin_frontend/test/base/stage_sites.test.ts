import { expect, test } from "vitest";
import type { Site } from "../../src/api/types";
import { membersOf } from "../../src/base/stage_sites";

const site = (name: string, output?: boolean): Site => ({
  name,
  aliases: [],
  shape: [],
  dtype: "float32",
  frozen: false,
  module: "",
  module_type: "",
  device: "",
  parameter_group: 0,
  ...(output === undefined ? {} : { output }),
  reason: null,
});
const SITES = [site("fc.weight"), site("fc", true), site("fc.bias", false)];

test("outputs are the sites of activations, all others those of any other stage", () => {
  expect([...membersOf(SITES, "activation")]).toEqual([1]);
  expect([...membersOf(SITES, "gradient")]).toEqual([0, 2]);
});

test("a stage without sites of its own shows all", () => {
  expect([...membersOf([site("fc.weight")], "activation")]).toEqual([0]);
  expect([...membersOf([], "activation")]).toEqual([]);
});
