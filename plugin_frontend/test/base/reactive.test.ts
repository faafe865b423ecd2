import * as oracle from "@preact/signals-core";
import { describe, expect, test, vi } from "vitest";
import * as ours from "../../src/base/reactive";

/** What both have; ours is held against the other. */
type Library = Pick<typeof oracle, "signal" | "computed" | "effect" | "batch" | "untracked">;

const OURS = ours as unknown as Library;
const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

/** Numbers that look random and are the same at each run. */
function randoms(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

interface Story {
  /** What each turn led to; effects are in no order. */
  turns: string[][];
  /** All values after each turn. */
  values: string[];
  /** How often something was computed. */
  computations: number;
}

/**
 * Signals, some that effects write, computed ones that read now these, now those, and fail at times; then turns that
 * change, read, and watch them.
 */
function tell({ signal, computed, effect, batch, untracked }: Library, seed: number, written: number): Story {
  const below = randoms(seed);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const story: Story = { turns: [], values: [], computations: 0 };
  let log: string[] = [];
  const sources = Array.from({ length: 4 }, (_, index) => signal(index));
  const targets = Array.from({ length: written }, () => signal(0));
  const nodes: { readonly value: number; peek(): number }[] = [...sources, ...targets];
  for (let each = 0; each < 8; each += 1) {
    const [a, b, c, kind, modulus] = [pick(nodes), pick(nodes), pick(nodes), below(4), 2 + below(3)];
    nodes.push(
      computed(() => {
        story.computations += 1;
        if (kind === 0) return a.value % 2 === 0 ? b.value : c.value;
        if (kind === 1) return a.value % modulus;
        if (kind === 2 && a.value % 5 === 4) throw new Error(`${each} fails`);
        return a.value + b.value;
      }),
    );
  }
  const attempt = (act: () => unknown): string => {
    try {
      return `${act()}`;
    } catch {
      // Of several that fail, either may be the first.
      return "failed";
    }
  };
  const stops: (() => void)[] = [];
  const watch = (each: number) => {
    const [a, b] = [pick(nodes), pick(nodes)];
    stops[each] = effect(() => {
      log.push(`effect ${each}: ${a.value} ${a.value % 2 === 0 ? b.value : ""} ${untracked(() => b.peek())}`);
      return () => log.push(`end ${each}`);
    });
  };
  targets.forEach((target, index) => {
    const source = sources[index];
    effect(() => {
      target.value = (source?.value ?? 0) % 3;
    });
  });
  const change = () => {
    pick(sources).value = below(7);
  };
  for (let turn = 0; turn < 40; turn += 1) {
    log = [];
    const [action, size, node] = [below(5), below(4), pick(nodes)];
    const actions = [
      change,
      () => batch(() => Array.from({ length: size }, change).length),
      () => node.value,
      () => stops[pick([...stops.keys(), 0])]?.(),
      () => watch(turn),
    ];
    log.push(attempt(() => actions[action]?.()));
    story.turns.push(log.sort());
    story.values.push(nodes.map((each) => attempt(() => each.peek())).join());
  }
  return story;
}

describe("signals", () => {
  test("compute and cause what those of @preact do, with no more work", () => {
    for (const seed of SEEDS) {
      const [mine, theirs] = [tell(OURS, seed, 0), tell(oracle, seed, 0)];
      expect(mine.turns).toEqual(theirs.turns);
      expect(mine.values).toEqual(theirs.values);
      expect(mine.computations).toBeLessThanOrEqual(theirs.computations);
    }
  });

  test("come to the same where effects change them", () => {
    for (const seed of SEEDS) expect(tell(OURS, seed, 3).values).toEqual(tell(oracle, seed, 3).values);
  });

  test("are told of no more, and hold nothing, once nobody reads them", () => {
    const source = ours.signal(1);
    const compute = vi.fn(() => source.value);
    const stop = ours.effect(() => ours.computed(compute).value);
    expect(source.readers.size).toBe(1);
    stop();
    source.value = 2;
    expect(compute).toHaveBeenCalledTimes(1);
    expect(source.readers.size).toBe(0);
  });

  test("an effect that was stopped as it ran reads nothing any more", () => {
    const source = ours.signal(0);
    const runs: number[] = [];
    const stop = ours.effect(() => {
      runs.push(source.value);
      if (source.value === 1) stop();
    });
    source.value = 1;
    source.value = 2;
    expect(runs).toEqual([0, 1]);
    expect(source.readers.size).toBe(0);
  });

  test("an effect that fails keeps no other from running", () => {
    const source = ours.signal(0);
    const seen: number[] = [];
    ours.effect(() => {
      if (source.value === 1) throw new Error("one");
    });
    ours.effect(() => seen.push(source.value));
    expect(() => (source.value = 1)).toThrow("one");
    source.value = 2;
    expect(seen).toEqual([0, 1, 2]);
  });

  test("effects that cause each other are stopped", () => {
    const source = ours.signal(0);
    expect(() => ours.effect(() => (source.value += 1))).toThrow("cause each other");
  });
});
