import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Api } from "../../src/api/client";
import { foregroundFirst } from "../../src/api/priority";

const WAITING: (keyof Api)[] = ["findings", "progress"];

/** An API whose calls are noted, and answered or refused by hand. */
function scripted() {
  const asked: string[] = [];
  const answer: Record<string, (value: unknown) => void> = {};
  const refuse: Record<string, (error: Error) => void> = {};
  const api = new Proxy({} as Api, {
    get: (_, route: string) => () =>
      new Promise((resolve, reject) => {
        asked.push(route);
        answer[route] = resolve;
        refuse[route] = reject;
      }),
  });
  return { api: foregroundFirst(api, (route) => WAITING.includes(route)), asked, answer, refuse };
}

const PLACE = { run: "run", group: "model" };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("a call that may wait goes after the others, and gives its own answer", async () => {
  const { api, asked, answer } = scripted();
  const found = api.findings(PLACE);
  void api.sites(PLACE);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual(["sites"]);
  answer.sites?.(null);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual(["sites", "findings"]);
  answer.findings?.("found");
  expect(await found).toBe("found");
});

test("what an answer asks for in turn still goes first", async () => {
  const { api, asked, answer } = scripted();
  void api.findings(PLACE);
  const sites = api.sites(PLACE).then(() => api.bands(PLACE, "gradient"));
  answer.sites?.(null);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual(["sites", "bands"]);
  answer.bands?.(null);
  await sites;
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual(["sites", "bands", "findings"]);
});

test("without any other call, and after a failed one, the wait is short", async () => {
  const { api, asked, refuse } = scripted();
  void api.progress("run");
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual(["progress"]);
  const failed = expect(api.sites(PLACE)).rejects.toThrow("gone");
  void api.findings(PLACE);
  refuse.sites?.(new Error("gone"));
  await failed;
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual(["progress", "sites", "findings"]);
});

test("two calls that wait do not wait for each other", async () => {
  const { api, asked } = scripted();
  void api.progress("run");
  void api.findings(PLACE);
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual(["progress", "findings"]);
});
