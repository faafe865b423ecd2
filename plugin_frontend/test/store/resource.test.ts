import { signal } from "@preact/signals";
import { describe, expect, it } from "vitest";
import { resource } from "../../src/store/resource";

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
});
