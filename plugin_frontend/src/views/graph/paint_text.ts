// Text on the canvas: cut in the middle where it doesn't fit, and safe whatever a name holds.

type Context = CanvasRenderingContext2D;

const MOST_CACHED = 5000;
const LONGEST_MEASURED = 200;
const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";
/** Control characters, and those that turn the direction of the text around them. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown: without control characters, not without end; an empty one is made visible. */
export function safeName(name: string): string {
  const short =
    name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME / 2)}…${name.slice(-LONGEST_NAME / 2)}`;
  return short.replace(UNSAFE, "\ufffd") || "(no name)";
}

const LONGEST_NAME = 300;

const widths = new Map<string, number>();
const cuts = new Map<string, string>();

export function measure(context: Context, text: string): number {
  return cached(widths, `${context.font}\n${text}`, () => context.measureText(text).width);
}

/** The text, or its beginning and end around an ellipsis, in at most `width` px; empty if not even that fits. */
export function fitText(context: Context, text: string, width: number): string {
  return cached(cuts, `${context.font}\n${Math.floor(width)}\n${text}`, () => cutText(context, text, width));
}

function cutText(context: Context, text: string, width: number): string {
  if (text.length <= LONGEST_MEASURED && measure(context, text) <= width) return text;
  const characters = [...text.slice(0, LONGEST_MEASURED), ...text.slice(-LONGEST_MEASURED)];
  let low = 0;
  let high = Math.min(characters.length - 1, LONGEST_MEASURED);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (context.measureText(cutTo(characters, middle)).width <= width) low = middle;
    else high = middle - 1;
  }
  return low > 0 ? cutTo(characters, low) : "";
}

function cutTo(characters: string[], kept: number): string {
  const tail = Math.ceil(kept / 2);
  return `${characters.slice(0, kept - tail).join("")}…${characters.slice(characters.length - tail).join("")}`;
}

function cached<T>(store: Map<string, T>, key: string, make: () => T): T {
  const known = store.get(key);
  if (known !== undefined) return known;
  if (store.size >= MOST_CACHED) store.clear();
  const made = make();
  store.set(key, made);
  return made;
}

/** Draws a name within `width` px from x; gives the width it took. */
export function drawName(context: Context, name: string, x: number, y: number, width: number): number {
  const text = fitText(context, safeName(name), width);
  if (text === "") return 0;
  context.fillText(FIRST_STRONG_ISOLATE + text + POP_ISOLATE, x, y);
  return measure(context, text);
}
