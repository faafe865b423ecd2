import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, expect, it } from "vitest";
import type { Api } from "../../../src/api/client";
import type { BandsAnswer, Some, Stage } from "../../../src/api/types";
import { signal } from "../../../src/base/signals";
import { reloads } from "../../../src/store/resource";
import { type BandsKey, useBands } from "../../../src/views/distributions/bands_in_view";

const place = { run: "a", group: "model" };
const FEW = { most_steps: 8 };

/** Each number is that of its site. */
function answer(stage: Stage, sites: readonly number[], steps: number): BandsAnswer {
  return {
    stage,
    quantileLevels: [0.05, 0.25, 0.5, 0.75, 0.95],
    steps: Float64Array.from({ length: steps }, (_, step) => step),
    values: Float32Array.from({ length: sites.length * steps * 5 }, (_, at) => sites[Math.floor(at / steps / 5)] ?? -1),
    state: new Uint8Array(sites.length * steps),
    problems: [],
  };
}

const page = document.createElement("div");
let asked: (Some & { stage: Stage })[] = [];
const api = {
  bands: async (_: unknown, stage: Stage, some: Some) => {
    asked.push({ ...some, stage });
    return answer(stage, some.sites?.split(",").map(Number) ?? [0, 1, 2, 3], some.most_steps === 8 ? 8 : 20);
  },
} as unknown as Api;

function mount(some: Some) {
  const key = signal<BandsKey | null>({ place, stage: "gradient", some });
  const near = signal<readonly number[]>([]);
  const state: { current: ReturnType<typeof useBands> | null } = { current: null };
  function Probe() {
    state.current = useBands(api, key, signal(4), near);
    return null;
  }
  act(() => render(<Probe />, page));
  /** Of each site its number and how many steps are known. */
  const known = () => state.current?.value.data?.series.map(({ quantiles, steps }) => [quantiles[0], steps.length]);
  return { key, near, known };
}

const settle = () => act(async () => void (await new Promise((done) => setTimeout(done, 0))));

/** The sites that were asked for by name, request by request. */
const named = () => asked.flatMap(({ sites }) => sites ?? []);

beforeEach(() => {
  act(() => render(null, page));
  asked = [];
});

it("asks for all sites at a few steps, then for those in view at many, each once", async () => {
  const { near, known } = mount(FEW);
  await settle();
  expect(asked).toEqual([{ ...FEW, stage: "gradient" }]);
  near.value = [2, 0];
  await settle();
  near.value = [0, 3];
  await settle();
  near.value = [0, 2];
  await settle();
  expect(named()).toEqual(["0,2", "3"]);
  expect(known()).toEqual([
    [0, 20],
    [1, 8],
    [2, 20],
    [3, 20],
  ]);
});

it("has nothing more to ask for where all steps are there", async () => {
  const { near } = mount({});
  await settle();
  near.value = [0, 1];
  await settle();
  expect(asked).toEqual([{ stage: "gradient" }]);
});

it("asks for those in view again at a reload, and keeps the others", async () => {
  const { near, known } = mount(FEW);
  near.value = [0, 1];
  await settle();
  near.value = [1];
  await settle();
  asked = [];
  reloads.value += 1;
  await settle();
  expect(named()).toEqual(["1"]);
  expect(known()?.map(([, steps]) => steps)).toEqual([20, 20, 8, 8]);
});

it("mixes nothing of another stage in", async () => {
  const { key, near, known } = mount(FEW);
  near.value = [0];
  await settle();
  key.value = { place, stage: "update", some: FEW };
  near.value = [0, 1];
  await settle();
  expect(asked.filter(({ sites }) => sites).at(-1)).toMatchObject({ stage: "update", sites: "0,1" });
  expect(known()?.map(([, steps]) => steps)).toEqual([20, 20, 8, 8]);
});
