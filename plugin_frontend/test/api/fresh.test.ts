import { describe, expect, it } from "vitest";
import { ArraysAnswer, type NamedArray } from "../../src/api/arrays";
import { joinSteps, StepAnswers } from "../../src/api/fresh";

/** A record on the server: its numbers follow from its step and mark. */
interface Stored {
  step: number;
  mark: number;
}

const numbersOf = ({ step, mark }: Stored, count: number): number[] =>
  Array.from({ length: count }, (_, index) => 1000 * step + 10 * mark + index);

const float64 = (name: string, values: number[], shape: number[], along?: NamedArray["along"]): NamedArray => ({
  name,
  dtype: "float64",
  shape,
  elements: Float64Array.from(values),
  ...(along === undefined ? {} : { along }),
});
const int32 = (name: string, values: number[], along?: NamedArray["along"]): NamedArray => ({
  name,
  dtype: "int32",
  shape: [values.length],
  elements: Int32Array.from(values),
  ...(along === undefined ? {} : { along }),
});

/**
 * An answer over the records that sends those of some positions: rows, columns and bins (step mod 4 of them). The first
 * `kept` are not listed.
 */
function answerOf(stored: Stored[], sent = stored.map((_, index) => index), version = "1", kept = 0): ArraysAnswer {
  const listed = stored.slice(kept);
  const records = sent.map((index) => stored[index] as Stored);
  const bins = records.map((record) => numbersOf(record, record.step % 4));
  const starts = [0];
  for (const each of bins) starts.push((starts.at(-1) ?? 0) + each.length);
  const rows = records.flatMap((record) => numbersOf(record, 3));
  const columns = [0, 1].flatMap((block) =>
    records.flatMap((record) => numbersOf(record, 4).slice(2 * block, 2 * block + 2)),
  );
  const arrays = [
    float64(
      "steps",
      listed.map(({ step }) => step),
      [listed.length],
    ),
    int32(
      "marks",
      listed.map(({ mark }) => mark),
    ),
    int32("fresh", sent),
    float64("rows", rows, [records.length, 3], 0),
    float64("columns", columns, [2, records.length, 2], 1),
    int32("starts", starts, "starts"),
    float64("bins", bins.flat(), [bins.flat().length], "bins"),
    float64("whole", [stored.length], [1]),
  ];
  return new ArraysAnswer({ version, kept, problems: [] }, new Map(arrays.map((array) => [array.name, array])));
}

const contentOf = (answer: ArraysAnswer | null) =>
  answer &&
  [...answer.arrays].flatMap(([name, { shape, elements }]) => (name === "fresh" ? [] : [[name, shape, [...elements]]]));

describe("joinSteps", () => {
  it.each<[string, Stored[], Stored[]]>([
    [
      "a step more",
      [
        { step: 0, mark: 1 },
        { step: 3, mark: 1 },
      ],
      [
        { step: 0, mark: 1 },
        { step: 3, mark: 1 },
        { step: 5, mark: 2 },
      ],
    ],
    [
      "steps between",
      [
        { step: 1, mark: 1 },
        { step: 9, mark: 1 },
      ],
      [
        { step: 1, mark: 1 },
        { step: 6, mark: 2 },
        { step: 7, mark: 2 },
        { step: 9, mark: 1 },
      ],
    ],
    [
      "steps that vanished",
      [
        { step: 1, mark: 1 },
        { step: 2, mark: 1 },
        { step: 3, mark: 1 },
      ],
      [{ step: 2, mark: 1 }],
    ],
    [
      "replaced steps",
      [
        { step: 1, mark: 1 },
        { step: 2, mark: 1 },
        { step: 3, mark: 1 },
      ],
      [
        { step: 1, mark: 1 },
        { step: 2, mark: 5 },
      ],
    ],
    [
      "all others",
      [{ step: 1, mark: 1 }],
      [
        { step: 1, mark: 3 },
        { step: 2, mark: 3 },
      ],
    ],
    ["none any more", [{ step: 1, mark: 1 }], []],
    ["the first", [], [{ step: 1, mark: 1 }]],
  ])("gives the whole answer: %s", (_, before, now) => {
    const isKnown = ({ step, mark }: Stored) => before.some((old) => old.step === step && old.mark === mark);
    const sent = now.flatMap((record, index) => (isKnown(record) ? [] : [index]));
    const joined = joinSteps(answerOf(before), answerOf(now, sent, "2"));
    expect(contentOf(joined)).toEqual(contentOf(answerOf(now)));
    expect(joined?.header.version).toBe("2");
  });

  it("needs no list of the steps that were kept", () => {
    const before = [3, 5].map((step) => ({ step, mark: 1 }));
    const now = [...before, { step: 6, mark: 2 }, { step: 9, mark: 2 }];
    const joined = joinSteps(answerOf(before), answerOf(now, [2, 3], "2", 2));
    expect(contentOf(joined)).toEqual(contentOf(answerOf(now)));
    const known = answerOf(now);
    expect(joinSteps(known, answerOf(now, [], "2", 4))).toBe(known);
  });

  it("knows a step that was replaced and not sent", () => {
    const before = answerOf([
      { step: 1, mark: 1 },
      { step: 2, mark: 1 },
    ]);
    expect(
      joinSteps(
        before,
        answerOf(
          [
            { step: 1, mark: 1 },
            { step: 2, mark: 9 },
          ],
          [],
        ),
      ),
    ).toBeNull();
  });

  it("is the same answer where nothing is new", () => {
    const stored = [
      { step: 1, mark: 1 },
      { step: 2, mark: 1 },
    ];
    const before = answerOf(stored);
    expect(joinSteps(before, answerOf(stored, []))).toBe(before);
  });

  it("keeps the problems of steps that are not sent again", () => {
    const problem = (step: number | null) => ({
      run: "r",
      group: "g",
      kind: "statistics",
      step,
      message: "m",
      hint: "h",
    });
    const before = answerOf([
      { step: 1, mark: 1 },
      { step: 2, mark: 1 },
      { step: 3, mark: 1 },
    ]);
    before.header.problems = [problem(null), problem(1), problem(2), problem(3)];
    const now = answerOf(
      [
        { step: 1, mark: 1 },
        { step: 2, mark: 4 },
      ],
      [1],
    );
    now.header.problems = [problem(null)];
    expect(joinSteps(before, now)?.header.problems).toEqual([problem(1), problem(null)]);
  });
});

describe("StepAnswers", () => {
  /** A server of records with a log of what was asked; it sends what is marked higher than `since`. */
  function server() {
    const state = { stored: [{ step: 0, mark: 1 }] as Stored[], asked: [] as (string | undefined)[] };
    const ask = async (_: string, { since }: { since?: string }) => {
      state.asked.push(since);
      const sent = state.stored.flatMap(({ mark }, index) => (mark > Number(since ?? 0) ? [index] : []));
      return answerOf(state.stored, sent, String(Math.max(...state.stored.map(({ mark }) => mark))));
    };
    return { state, ask };
  }
  const rowsOf = (answer: ArraysAnswer) => [...answer.float64("rows")];
  const wholeOf = (stored: Stored[]) => stored.flatMap((record) => numbersOf(record, 3));

  it("asks for the new steps only, and gives the same value where there are none", async () => {
    const { state, ask } = server();
    const answers = new StepAnswers(ask);
    const get = () => answers.get("route", { run: "a" }, rowsOf);
    const first = await get();
    expect(await get()).toBe(first);
    state.stored = [...state.stored, { step: 4, mark: 2 }];
    expect(await get()).toEqual(wholeOf(state.stored));
    expect(state.asked).toEqual([undefined, "1", "1"]);
    await get();
    expect(state.asked.at(-1)).toBe("2");
  });

  it("hurries only while it has nothing, and keeps nothing that is partial", async () => {
    const { state, ask } = server();
    const soons: unknown[] = [];
    let partial = true;
    const answers = new StepAnswers(async (route, parameters: { since?: string; soon?: number }) => {
      soons.push(parameters.soon);
      const { header, arrays } = await ask(route, parameters);
      return new ArraysAnswer({ ...header, partial }, arrays);
    });
    const get = (soon?: number) => answers.get("route", {}, rowsOf, soon);
    await get(7);
    await get(7);
    partial = false;
    await get();
    await get(7);
    expect(soons).toEqual([7, 7, undefined, undefined]);
    expect(state.asked).toEqual([undefined, undefined, undefined, "1"]);
  });

  it("asks for everything after steps were replaced behind its back", async () => {
    const { state, ask } = server();
    const answers = new StepAnswers(ask);
    state.stored = [
      { step: 0, mark: 5 },
      { step: 1, mark: 5 },
    ];
    await answers.get("route", {}, rowsOf);
    state.stored = [
      { step: 0, mark: 2 },
      { step: 1, mark: 5 },
    ];
    expect(await answers.get("route", {}, rowsOf)).toEqual(wholeOf(state.stored));
    expect(state.asked).toEqual([undefined, "5", undefined]);
  });

  it("keeps what was used last within its bound", async () => {
    const { state, ask } = server();
    const { bytes } = await ask("", {});
    state.asked.length = 0;
    const answers = new StepAnswers(ask, 2.5 * bytes);
    for (const run of ["a", "b", "a", "c", "a", "b"]) await answers.get("route", { run }, rowsOf);
    // a, b are new; a is known; c is new and drives b out; a is known; b is new again
    expect(state.asked).toEqual([undefined, undefined, "1", undefined, "1", undefined]);
  });
});
