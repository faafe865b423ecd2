import { describe, expect, it } from "vitest";
import { type Runs, runByRun } from "../../src/store/soon";

const RUNS: Runs<string> = ["own", ...Array.from({ length: 9 }, (_, index) => `other ${index}`)] as Runs<string>;

/** Answers at once, and notes what was asked for and shown in between. */
async function asked(
  runs: Runs<string>,
  answer: (run: string, soon?: number) => string,
  isPartial = (_: string) => false,
) {
  const events: string[] = [];
  let underWay = 0;
  let most = 0;
  const ask = async (run: string, soon?: number) => {
    events.push(soon === undefined ? run : `${run} soon`);
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay -= 1;
    return answer(run, soon);
  };
  const all = await runByRun(runs, ask, (found) => events.push(`shows ${found.length}`), isPartial);
  return { events, most, all };
}

describe("several runs", () => {
  it("are shown from the first on, before another one is asked for", async () => {
    const { events, all } = await asked(RUNS, (run) => run);
    expect(events.slice(0, 3)).toEqual(["own soon", "shows 1", "other 0"]);
    expect(all).toEqual(RUNS);
  });

  it("leave the browser connections for what is asked for meanwhile", async () => {
    const { events, most } = await asked(RUNS, (run) => run);
    expect(most).toBeLessThan(6);
    expect(events.filter((event) => event.startsWith("shows"))).toEqual(["shows 1", "shows 5", "shows 9"]);
  });

  it("show some steps of the first one while the server reads the rest of it", async () => {
    const answer = (run: string, soon?: number) => (soon === undefined ? run : "partial");
    const { events, all } = await asked(["own"], answer, (found) => found === "partial");
    expect(events).toEqual(["own soon", "shows 1", "own"]);
    expect(all).toEqual(["own"]);
  });

  it("do without others that can't be had, but not without the first", async () => {
    const failing = (gone: string) => (run: string) => {
      if (run === gone) throw new Error("gone");
      return run;
    };
    expect((await asked(RUNS, failing("other 3"))).all).toEqual(RUNS.filter((run) => run !== "other 3"));
    await expect(asked(RUNS, failing("own"))).rejects.toThrow("gone");
  });
});
