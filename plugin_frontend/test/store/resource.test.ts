import { describe, expect, it } from "vitest";
import { signal } from "../../src/base/signals";
import { alike, reloads, resource } from "../../src/store/resource";

describe("resource", () => {
  const answers: ((value: unknown) => void)[] = [];
  const settle = async (index: number, value: unknown) => {
    answers[index]?.(value);
    await Promise.resolve();
    await Promise.resolve();
  };

  it("drops late answers, and keeps the old content until the new is there", async () => {
    const key = signal<string | null>("a");
    const { state, stop } = resource(key, () => new Promise<unknown>((resolve) => answers.push(resolve)));
    await settle(0, "of a");
    key.value = "b";
    expect(state.value).toEqual({ data: "of a", error: null, loading: true });
    key.value = "c";
    await settle(2, "of c");
    await settle(1, "of b");
    expect(state.value).toEqual({ data: "of c", error: null, loading: false });
    stop();
  });

  it("shows what comes first until all is there, unless it is late", async () => {
    const key = signal("a");
    const shows: ((value: unknown) => void)[] = [];
    const { state, stop } = resource<string, unknown>(key, (_, show) => {
      shows.push(show);
      return new Promise((resolve) => answers.push(resolve));
    });
    shows[0]?.("some of a");
    expect(state.value).toEqual({ data: "some of a", error: null, loading: true });
    await settle(answers.length - 1, "all of a");
    expect(state.value).toEqual({ data: "all of a", error: null, loading: false });
    key.value = "b";
    shows[0]?.("late");
    expect(state.value.data).toBe("all of a");
    stop();
  });

  it("keeps the very answer after a reload without news, and takes one that tells anything new", async () => {
    const cells = Float32Array.of(1);
    let answer = (): unknown => [{ place: { run: "a" }, cells, losses: new Map([["a", cells]]) }];
    const { state, stop } = resource(signal("a"), async () => answer());
    await Promise.resolve();
    await Promise.resolve();
    const first = state.value.data;
    reloads.value += 1;
    await settle(-1, null);
    expect(state.value).toEqual({ data: first, error: null, loading: false });
    expect(state.value.data).toBe(first);
    answer = () => [{ place: { run: "a" }, cells: Float32Array.of(1), losses: new Map([["a", cells]]) }];
    reloads.value += 1;
    await settle(-1, null);
    expect(state.value.data).not.toBe(first);
    stop();
  });
});

const [numbers, same] = [Float32Array.of(1), { a: 1 }];

it.each<[unknown, unknown, boolean]>([
  [[{ a: [1, same] }], [{ a: [1, same] }], true],
  [new Map([["a", { b: numbers }]]), new Map([["a", { b: numbers }]]), true],
  [new Map([["a", 1]]), new Map([["b", 1]]), false],
  [{ a: numbers }, { a: Float32Array.of(1) }, false],
  [{ a: 1 }, { a: 1, b: undefined }, false],
  [{ a: undefined }, { b: undefined }, false],
  [[], {}, false],
  [null, {}, false],
  [[1, 2], [1], false],
])("%o and %o are made of the same parts: %s", (a, b, expected) => {
  expect(alike(a, b)).toBe(expected);
});
