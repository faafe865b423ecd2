import { render } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../src/api/client";
import type { Finding, FindingsAnswer, Severity } from "../../src/api/types";
import { findings } from "../../src/store/data";
import { runMarks, watchRunMarks } from "../../src/store/run_marks";
import { catalogue } from "../../src/store/selection";

const settled = () => new Promise((done) => setTimeout(done, 20));

function answer(...severities: Severity[]): FindingsAnswer {
  const found = severities.map((severity) => ({ severity }) as Finding);
  return { findings: found, steps: 3, sites: 2, steps_for_trends: 8, checked: [], problems: [] };
}

const ANSWERS: Record<string, FindingsAnswer> = {
  "well model": answer(),
  "sick generator": answer("note"),
  "sick critic": answer("critical", "warning"),
};

let root: HTMLElement;
let stop: () => void;
const asked = vi.fn(({ run, group }) => Promise.resolve(ANSWERS[`${run} ${group}`]));

beforeEach(async () => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {} }));
  const group = (name: string) => ({ name, kinds: { statistics: [0] } });
  const runs = [
    { name: "well", groups: [group("model")], curves: [] },
    { name: "sick", groups: [group("generator"), group("critic"), { name: "tensors", kinds: {} }], curves: [] },
  ];
  catalogue.value = { schema_version: 1, log_directory: { path: "", state: "ok" }, runs, problems: [] };
  findings.value = { data: null, error: null, loading: true };
  root = document.body.appendChild(document.createElement("div"));
  stop = watchRunMarks({ findings: asked } as unknown as Api);
  const { RunChips } = await import("../../src/widgets/run_chips");
  render(<RunChips />, root);
});
afterEach(async () => {
  render(null, root);
  await settled();
  stop();
  root.remove();
  runMarks.value = new Map();
  asked.mockClear();
});

test("the shown run's findings come first, then each run has a mark with those of all its groups", async () => {
  await settled();
  expect(asked).not.toHaveBeenCalled();
  findings.value = { data: answer(), error: null, loading: false };
  await settled();
  expect(asked).toHaveBeenCalledTimes(3);
  const chips = [...root.querySelectorAll("button")];
  expect(chips.map((chip) => chip.textContent)).toEqual(["well", "sick3 findings"]);
  expect(root.querySelector(".run-mark")?.className).toContain("run-mark-critical");
});

test("nobody asks once the marks are no longer seen", async () => {
  await settled();
  render(null, root);
  await settled();
  findings.value = { data: answer(), error: null, loading: false };
  await settled();
  expect(asked).not.toHaveBeenCalled();
});
