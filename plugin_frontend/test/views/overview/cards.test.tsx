import { render } from "preact";
import { beforeEach, expect, it } from "vitest";
import type { Finding } from "../../../src/api/types";
import { catalogue } from "../../../src/store/selection";
import { FindingLinks } from "../../../src/views/overview/cards";

beforeEach(() => {
  const runs = [{ name: "first", groups: [{ name: "model", kinds: { statistics: [0, 1000, 2000] } }], curves: [] }];
  catalogue.value = { schema_version: 1, log_directory: { path: "", state: "ok" }, runs, problems: [] };
});

it.each([
  [{ step: 1000, sites: ["fc.weight"] }, "fc.weight · step 1,000"],
  [{ step: 1001, sites: ["fc.weight"] }, "fc.weight · step 1,001, sampled at 2,000"],
  [{ step: 2001, sites: [] }, "Go to step 2,001, sampled at 2,000"],
])("a link says where it leads: %o", (place, words) => {
  const root = document.createElement("div");
  render(<FindingLinks finding={place as unknown as Finding} index={0} />, root);
  expect(root.querySelector("button")?.textContent).toBe(words);
  render(null, root);
});
