// Colours and style sheets. The tokens live here once; CSS reads them as custom properties, canvases as values.

import { computed, effect, signal } from "./base/signals";

const LIGHT = {
  bg: "#ffffff",
  panel: "#f6f6f6",
  sunk: "#ececec",
  tip: "#ffffff",
  line: "#e2e2e2",
  ctl: "#8c8c8c",
  ink: "#212121",
  ink2: "#5a5a5a",
  ink3: "#696969",
  now: "#e65100",
  nowText: "#b04a00",
  pill: "#b04a00",
  onPill: "#ffffff",
  where: "#1565c0",
  wash: "#e6effa",
  bad: "#d50032",
  onBad: "#ffffff",
  badText: "#c4002e",
  badWash: "#fdecef",
  gold: "#f2b100",
  onGold: "#1b1b1b",
  zero: "#b9b9b9",
  hatch: "#d4d4d4",
  tabMark: "#f57c00",
  edge: "#9a9a9a",
  run0: "#0e8fa3",
  run1: "#9334e6",
  run2: "#2b6da4",
  run3: "#7a7a1e",
  category0: "#2b6da4",
  category1: "#168272",
  category2: "#7d55b8",
  category3: "#7a7a1e",
  category4: "#8d5b3c",
  category5: "#66717d",
  shadow: "0 1px 2px #0000001a, 0 4px 16px #0000001f",
};

/** Names of the colours, each with one meaning: the table of section 3 of the design. */
export type Tokens = typeof LIGHT;

const DARK: Tokens = {
  bg: "#262626",
  panel: "#303030",
  sunk: "#424242",
  tip: "#343434",
  line: "#484848",
  ctl: "#828282",
  ink: "#f2f2f2",
  ink2: "#c4c4c4",
  ink3: "#a8a8a8",
  now: "#ffa726",
  nowText: "#ffb74d",
  pill: "#ffa726",
  onPill: "#1b1b1b",
  where: "#7cb8ff",
  wash: "#2b3c52",
  bad: "#ff4d6d",
  onBad: "#1b1b1b",
  badText: "#ff8da1",
  badWash: "#44282f",
  gold: "#ffc933",
  onGold: "#1b1b1b",
  zero: "#6f6f6f",
  hatch: "#4a4a4a",
  tabMark: "#f57c00",
  edge: "#858585",
  run0: "#3cc7dc",
  run1: "#c58bff",
  run2: "#6fb1e8",
  run3: "#c2c25a",
  category0: "#6fb1e8",
  category1: "#4fc7b3",
  category2: "#b79af0",
  category3: "#c2c25a",
  category4: "#d0a07e",
  category5: "#a3b0bd",
  shadow: "0 1px 2px #00000080, 0 6px 20px #00000080",
};

/** Whether the page is dark; the host adapter keeps it as TensorBoard has it. */
export const dark = signal(false);

/** The colours of the current theme, for drawing on canvases. */
export const tokens = computed<Tokens>(() => (dark.value ? DARK : LIGHT));

/** The colour of the run at a position in the list of runs: for dots and lines, never for text. */
export function runColour(index: number): string {
  const { run0, run1, run2, run3 } = tokens.value;
  return [run0, run1, run2, run3][index] ?? furtherColour(index);
}

/** Of any number of runs each has its own; no warm hue, as those are for what is not finite. */
function furtherColour(index: number): string {
  return `hsl(${150 + ((index * 67) % 170)} 50% ${(dark.value ? 58 : 32) + 9 * (index % 3)}%)`;
}

/** The colour of a category (dtype, structure, …), always drawn with a label. */
export function categoryColour(index: number): string {
  const { category0, category1, category2, category3, category4, category5 } = tokens.value;
  return [category0, category1, category2, category3, category4, category5][index % 6] ?? category0;
}

/** `ink2` is `--ink-2` in CSS, `badWash` is `--bad-wash`. */
function customProperty(name: string): string {
  return `--${name.replace(/[A-Z]|\d/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Adds a style sheet to the page. TensorBoard's page links no CSS file of ours. */
export function adopt(css: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** Keeps the custom properties of the document as the theme says; returns the end of it. */
export function applyTheme(): () => void {
  return effect(() => {
    const { style } = document.documentElement;
    for (const [name, value] of Object.entries(tokens.value)) style.setProperty(customProperty(name), value);
    style.colorScheme = dark.value ? "dark" : "light";
  });
}
