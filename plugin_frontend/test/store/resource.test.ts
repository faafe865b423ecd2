import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { hasSameParts, reloads, resource } from "../../src/store/resource";

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

  it("gives the same object where a reload brings an equal answer", async () => {
    let size = 1;
    const array = new Float32Array(3);
    const { state, stop } = resource(signal("key"), async () => [{ place: { run: "r" }, size, array }]);
    await Promise.resolve();
    await Promise.resolve();
    const first = state.value.data;
    reloads.value += 1;
    await Promise.resolve();
    await Promise.resolve();
    expect(state.value.data).toBe(first);
    size = 2;
    reloads.value += 1;
    await Promise.resolve();
    await Promise.resolve();
    expect(state.value.data?.[0]?.size).toBe(2);
    stop();
  });
});

describe("hasSameParts", () => {
  const shared = new Float32Array([1]);
  it.each([
    [{ a: 1, b: [shared, "x"] }, { a: 1, b: [shared, "x"] }, true],
    [{ a: Number.NaN }, { a: Number.NaN }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
    [{ a: 1, b: 2 }, { a: 1, c: 2 }, false],
    [[1, 2], [1, 3], false],
    [[], {}, false],
    [{ a: new Float32Array([1]) }, { a: new Float32Array([1]) }, false],
    [new Map([[1, 2]]), new Map([[1, 2]]), false],
    [null, {}, false],
    [[[[[[1]]]]], [[[[[1]]]]], false],
  ])("%j and %j: %s", (a, b, expected) => {
    expect(hasSameParts(a, b)).toBe(expected);
  });
});
