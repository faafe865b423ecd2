import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { dark, runColour, type Tokens, tokens } from "../src/theme";
import { contrast } from "./contrast";

const SOURCES = join(__dirname, "../src");
const TEXT = 4.5;
const SHAPE = 3;

/** Each word colour with the grounds that it stands on. */
const WORDS: [words: keyof Tokens, grounds: (keyof Tokens)[]][] = [
  ["ink", ["bg", "panel", "sunk", "tip", "wash", "badWash"]],
  ["ink2", ["bg", "panel", "sunk", "tip", "wash", "badWash"]],
  ["ink3", ["bg", "panel", "tip"]],
  ["where", ["bg", "panel", "tip", "badWash"]],
  ["nowText", ["bg", "panel"]],
  ["badText", ["bg", "panel", "badWash"]],
  ["onPill", ["pill"]],
  ["onBad", ["bad"]],
  ["onGold", ["gold"]],
  ["bg", ["ink"]],
];
/** Borders, rings and lines that tell something. */
const SHAPES: [shape: keyof Tokens, grounds: (keyof Tokens)[]][] = [
  ["ctl", ["bg", "panel"]],
  ["where", ["bg", "panel"]],
  ["now", ["bg", "panel"]],
  ["bad", ["bg", "panel"]],
];

function sources(ending: RegExp): { file: string; text: string }[] {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf-8" })
    .filter((file) => ending.test(file))
    .map((file) => ({ file, text: readFileSync(join(SOURCES, file), "utf-8") }));
}

function cssRules(): { file: string; rule: string }[] {
  return sources(/\.css$/).flatMap(({ file, text }) =>
    (text.match(/[^{}]+\{[^{}]*\}/g) ?? []).map((rule) => ({ file, rule })),
  );
}

/** "--on-bad" is `onBad`, "--ink-2" is `ink2`. */
const tokenName = (property: string) => property.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function colourOf(rule: string, property: string): string | undefined {
  const name = rule.match(new RegExp(`[\\s{;]${property}:\\s*var\\(--([a-z0-9-]+)\\)`))?.[1];
  return name && (tokens.value as Record<string, string>)[tokenName(name)];
}

afterEach(() => {
  dark.value = false;
});

describe.each([
  ["light", false],
  ["dark", true],
])("the %s theme", (_, isDark) => {
  it.each(WORDS)("has %s readable on all its grounds", (words, grounds) => {
    dark.value = isDark;
    for (const ground of grounds) {
      const ratio = contrast(tokens.value[words], tokens.value[ground]);
      expect(ratio, `${words} on ${ground}`).toBeGreaterThanOrEqual(TEXT);
    }
  });

  it.each(SHAPES)("has %s visible on all its grounds", (shape, grounds) => {
    dark.value = isDark;
    for (const ground of grounds) {
      const ratio = contrast(tokens.value[shape], tokens.value[ground]);
      expect(ratio, `${shape} on ${ground}`).toBeGreaterThanOrEqual(SHAPE);
    }
  });

  it("has words readable wherever a rule sets them and their ground", () => {
    dark.value = isDark;
    const pairs = cssRules().flatMap(({ file, rule }) => {
      const [words, ground] = [colourOf(rule, "color"), colourOf(rule, "background")];
      return words && ground ? [{ what: `${file}: ${rule.trim()}`, ratio: contrast(words, ground) }] : [];
    });
    expect(pairs.length).toBeGreaterThan(10);
    expect(pairs.filter(({ ratio }) => ratio < TEXT)).toEqual([]);
  });

  it("has words that any rule sets readable on the page", () => {
    dark.value = isDark;
    const lonely = cssRules().flatMap(({ file, rule }) => {
      const words = colourOf(rule, "background") ? undefined : colourOf(rule, "color");
      const isOnAnother = words === tokens.value.bg || words === tokens.value.onBad || words === tokens.value.onPill;
      return words && !isOnAnother
        ? [{ what: `${file}: ${rule.trim()}`, ratio: contrast(words, tokens.value.bg) }]
        : [];
    });
    expect(lonely.length).toBeGreaterThan(50);
    expect(lonely.filter(({ ratio }) => ratio < TEXT)).toEqual([]);
  });
});

it("no rule names a token that there is not", () => {
  const known = new Set(Object.keys(tokens.value));
  const setElsewhere = sources(/\.(css|tsx?)$/).flatMap(({ text }) =>
    [...text.matchAll(/(--[a-z0-9-]+)["'`]?\s*:/g)].map(([, name = ""]) => name),
  );
  const used = cssRules().flatMap(({ file, rule }) =>
    [...rule.matchAll(/var\((--[a-z0-9-]+)/g)].map(([, name = ""]) => ({ file, name })),
  );
  const unknown = used.filter(({ name }) => !setElsewhere.includes(name) && !known.has(tokenName(name.slice(2))));
  expect(used.length).toBeGreaterThan(100);
  expect(unknown).toEqual([]);
});

it.each([false, true])("gives each of fifty runs a colour of its own, none of them warm", (isDark) => {
  dark.value = isDark;
  const colours = Array.from({ length: 50 }, (_, index) => runColour(index));
  expect(new Set(colours).size).toBe(50);
  for (const colour of colours.slice(4)) {
    const hue = Number(/^hsl\((\d+)/.exec(colour)?.[1]);
    expect(hue).toBeGreaterThanOrEqual(150);
    expect(hue).toBeLessThan(320);
  }
});
