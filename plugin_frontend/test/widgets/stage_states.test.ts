import { expect, it } from "vitest";
import type { RunsAnswer } from "../../src/api/types";
import { describeNothing } from "../../src/widgets/stage_states";
import { placeBeside } from "../../src/widgets/tooltip";

function answer(state: RunsAnswer["log_directory"]["state"], runs: string[] = []): RunsAnswer {
  return {
    schema_version: 1,
    log_directory: { path: "runs", state },
    runs: runs.map((name) => ({ name, groups: [], curves: [] })),
    problems: [],
  };
}

it("says which kind of nothing there is", () => {
  expect(describeNothing(answer("missing")).title).toBe("The log directory does not exist");
  expect(describeNothing(answer("empty")).title).toBe("The log directory is empty");
  expect(describeNothing(answer("ok", ["a", "b", "c", "d"]))).toEqual({
    title: "No TorchViz data in these runs yet",
    line: "runs has the runs a, b, c and 1 more, written without a watched model.",
  });
  expect(describeNothing(answer("ok", ["a"])).line).toContain("the run a, written");
});

it("keeps a read-out 12 px off the pointer and inside the page", () => {
  const size = { width: 200, height: 60 };
  const page = { width: 800, height: 600 };
  expect(placeBeside({ x: 100, y: 100 }, size, page)).toEqual({ left: 112, top: 112 });
  expect(placeBeside({ x: 790, y: 590 }, size, page)).toEqual({ left: 578, top: 518 });
  expect(placeBeside({ x: 20, y: 20 }, { width: 790, height: 60 }, page).left).toBe(4);
});
