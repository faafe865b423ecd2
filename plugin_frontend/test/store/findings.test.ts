import { beforeEach, describe, expect, test } from "vitest";
import type { Finding } from "../../src/api/types";
import { findings } from "../../src/store/data";
import {
  findingsOf,
  goToFinding,
  moveFinding,
  openFinding,
  openWhereLost,
  shownFindings,
} from "../../src/store/findings";
import { catalogue, column, currentStep, selectedSite, selectedStep, stage, view } from "../../src/store/selection";

function finding(fields: Partial<Finding>): Finding {
  const words = { title: "", evidence: "", why: "", advice: "", source: "", link: "" };
  return { kind: "non_finite", severity: "warning", step: 0, sites: [], picture: null, ...words, ...fields };
}

function show(all: Finding[]): void {
  findings.value = {
    data: { findings: all, steps: 3, sites: 2, steps_for_trends: 8, checked: [], problems: [] },
    error: null,
    loading: false,
  };
}

beforeEach(() => {
  catalogue.value = {
    schema_version: 1,
    log_directory: { path: "runs", state: "ok" },
    runs: [{ name: "first", groups: [{ name: "model", kinds: { statistics: [0, 10, 20] } }], curves: [] }],
    problems: [],
  };
  selectedSite.value = null;
  selectedStep.value = null;
  openFinding.value = null;
  view.value = "graph";
});

test("going to a finding selects its site, stage and step", () => {
  const picture = {
    stage: "update" as const,
    column: "update_ratio",
    sites: ["fc.weight"],
    first_step: 0,
    last_step: 20,
  };
  show([finding({ step: 10, sites: ["fc.weight", "fc.bias"], picture })]);
  openFinding.value = 0;
  goToFinding(0);
  expect([selectedSite.value, stage.value, column.value]).toEqual(["fc.weight", "update", "update_ratio"]);
  expect(currentStep.value).toBe(10);
  expect(openFinding.value).toBe(null);
});

test("what is so since a step between two samples is shown at the later one, where it can be seen", () => {
  show([finding({ step: 11 }), finding({ step: 19 }), finding({ step: 25 })]);
  const reached = [0, 1, 2].map((index) => {
    goToFinding(index);
    return currentStep.value;
  });
  expect(reached).toEqual([20, 20, 20]);
});

test("the keys go round, and explain on the Overview", () => {
  show([finding({ step: 0 }), finding({ step: 10 }), finding({ step: 20 })]);
  goToFinding(2);
  moveFinding(1);
  expect([openFinding.value, view.value]).toEqual([0, "overview"]);
  moveFinding(1);
  moveFinding(1);
  expect(openFinding.value).toBe(2);
  moveFinding(1);
  expect(openFinding.value).toBe(0);
  moveFinding(-1);
  expect(openFinding.value).toBe(2);
});

test("without findings the keys do nothing", () => {
  show([]);
  moveFinding(1);
  expect([openFinding.value, view.value]).toEqual([null, "graph"]);
});

test("the findings of a site", () => {
  show([finding({ sites: ["a"] }), finding({ sites: [] }), finding({ sites: ["b", "a"] })]);
  expect(shownFindings.value.length).toBe(3);
  expect(findingsOf("a")).toEqual([0, 2]);
  expect(findingsOf("c")).toEqual([]);
});

describe("a page that opens", () => {
  const NOTHING = { data: null, error: null, loading: true };
  const lost = finding({ severity: "critical", step: 10 });

  const stepAfter = (prepare: () => void, ...told: Finding[][]) => {
    findings.value = NOTHING;
    view.value = "overview";
    prepare();
    const stop = openWhereLost();
    for (const all of told) show(all);
    stop();
    return currentStep.value;
  };

  test("shows a lost run where it was lost", () => expect(stepAfter(() => {}, [lost])).toBe(10));

  test("else follows the run", () => {
    expect(stepAfter(() => {}, [finding({ step: 10 }), lost])).toBe(20);
    expect(stepAfter(() => {}, [], [lost])).toBe(20);
    expect(selectedStep.value).toBe(null);
  });

  test("keeps to the step that was asked for", () => {
    expect(stepAfter(() => (selectedStep.value = 0), [lost])).toBe(0);
  });

  test("does so in each view, and for each run that is chosen without a step", () => {
    expect(stepAfter(() => (view.value = "gradients"), [lost])).toBe(10);
    const choose = () => {
      const [first] = catalogue.value?.runs ?? [];
      if (first && catalogue.value) catalogue.value = { ...catalogue.value, runs: [{ ...first, name: "second" }] };
    };
    const stop = openWhereLost();
    selectedStep.value = null;
    findings.value = { ...findings.value, loading: true };
    choose();
    show([finding({ severity: "critical", step: 0 })]);
    stop();
    expect(currentStep.value).toBe(0);
  });
});
