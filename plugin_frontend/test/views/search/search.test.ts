import { beforeEach, expect, it } from "vitest";
import type { Site } from "../../../src/api/types";
import { selectedModule, selectedSite, view } from "../../../src/store/selection";
import { foundSites } from "../../../src/views/search";

const site = (name: string, module_type: string, shape: number[]): Site => ({
  name,
  module_type,
  shape,
  module: name.replace(/\.\w+$/, ""),
  dtype: "float32",
  aliases: [],
  frozen: false,
  device: "cpu",
  parameter_group: 1,
  output: false,
  reason: null,
});
const SITES = [
  site("h.0.attn.c_attn.weight", "Linear", [384, 128]),
  site("h.0.ln_1.bias", "LayerNorm", [128]),
  site("h.1.attn.c_attn.weight", "Linear", [384, 1280]),
];
const names = (query: string) => foundSites(SITES, query).map(({ name }) => name);

beforeEach(() => {
  view.value = "overview";
  selectedSite.value = selectedModule.value = null;
});

it("finds by name, type, dtype and shape, every word of them", () => {
  expect(names("H.0 Weight")).toEqual(["h.0.attn.c_attn.weight"]);
  expect(names("layernorm")).toEqual(["h.0.ln_1.bias"]);
  expect(names("float32 attn")).toHaveLength(2);
  expect(names("[384, 128]")).toEqual(["h.0.attn.c_attn.weight"]);
  expect(names("linear 384x1280")).toEqual(["h.1.attn.c_attn.weight"]);
  expect(names("  ")).toEqual([]);
  expect(names("nothing")).toEqual([]);
});

it("goes to the site in the view that is shown, if it can show one", () => {
  const go = () => foundSites(SITES, "ln_1")[0]?.go();
  view.value = "gradients";
  go();
  expect([view.value, selectedSite.value, selectedModule.value]).toEqual(["gradients", "h.0.ln_1.bias", null]);
  view.value = "graph";
  go();
  expect([view.value, selectedModule.value]).toEqual(["graph", "h.0.ln_1"]);
  view.value = "tensors";
  go();
  expect(view.value).toBe("overview");
});
