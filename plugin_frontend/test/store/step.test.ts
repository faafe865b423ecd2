import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "../../src/api/types";
import { roleOf, showAlone, showRun, toggleRun } from "../../src/store/runs";
import { catalogue, currentStep, selectedRuns, selectedStep } from "../../src/store/selection";
import {
  goToStep,
  moveStep,
  newestStepAt,
  playing,
  runPlayback,
  stepIndex,
  togglePlay,
  watchNewestStep,
} from "../../src/store/step";

function setRuns(...runs: [name: string, steps: number[]][]): void {
  catalogue.value = {
    schema_version: 1,
    log_directory: { path: "runs", state: "ok" },
    runs: runs.map(
      ([name, steps]): Run => ({ name, groups: [{ name: "model", kinds: { statistics: steps } }], curves: [] }),
    ),
    problems: [],
  };
}

beforeEach(() => {
  setRuns(["first", [0, 10, 20, 30]], ["second", [0, 5]]);
  selectedRuns.value = [];
  selectedStep.value = null;
  playing.value = false;
});

describe("the current step", () => {
  it("is the newest one until another is chosen, and again at the end", () => {
    expect(currentStep.value).toBe(30);
    moveStep(-1);
    expect(currentStep.value).toBe(20);
    setRuns(["first", [0, 10, 20, 30, 40]]);
    expect(currentStep.value).toBe(20);
    moveStep(10);
    setRuns(["first", [0, 10, 20, 30, 40, 50]]);
    expect(currentStep.value).toBe(50);
  });

  it("typed goes to the nearest sampled one", () => {
    goToStep(14);
    expect(currentStep.value).toBe(10);
    goToStep(-100);
    expect(stepIndex.value).toBe(0);
  });

  it("between samples counts as the one before", () => {
    selectedStep.value = 19;
    expect(stepIndex.value).toBe(1);
  });

  it("plays from the start to the end and stops", () => {
    vi.useFakeTimers();
    const stop = runPlayback();
    togglePlay();
    expect(currentStep.value).toBe(0);
    vi.advanceTimersByTime(100);
    expect(currentStep.value).toBe(10);
    vi.advanceTimersByTime(1000);
    expect([currentStep.value, playing.value]).toEqual([30, false]);
    stop();
    vi.useRealTimers();
  });
});

it("news are new steps of the same run, not another run", () => {
  const stop = watchNewestStep(() => selectedRuns.value[0] ?? "first");
  expect(newestStepAt.value).toBeNull();
  setRuns(["first", [0, 10, 20, 30, 40]], ["second", [0, 5, 90]]);
  expect(newestStepAt.value).not.toBeNull();
  showAlone("second");
  expect(newestStepAt.value).toBeNull();
  stop();
});

describe("runs", () => {
  it("are shown, compared or off", () => {
    expect(["first", "second"].map(roleOf)).toEqual(["shown", "off"]);
    toggleRun("second");
    expect(["first", "second"].map(roleOf)).toEqual(["shown", "compared"]);
    showRun("second");
    expect(["first", "second"].map(roleOf)).toEqual(["compared", "shown"]);
    toggleRun("second");
    expect(["first", "second"].map(roleOf)).toEqual(["shown", "off"]);
  });

  it("never are all off", () => {
    toggleRun("first");
    expect(roleOf("first")).toBe("shown");
  });
});
