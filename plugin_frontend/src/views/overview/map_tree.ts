// Which modules of the map are open: their tree over the rows, cut where the reader said, else where there is room.

import { moduleOf } from "../../base/names";

/** Neighbouring rows of one module. */
export interface Span {
  /** Path of the module; empty where rows are not grouped. */
  label: string;
  /** First row and the one after the last. */
  from: number;
  to: number;
}

/**
 * How rows are drawn. "thin": one a site, in what room there is. "wide": twice as high, as a finding is about them.
 * "named": thin, with room for the module's name, as the one around it was opened. "closed": the module is one row, as
 * the reader closed it. "open": one a site, each with its name.
 */
export type Form = "thin" | "wide" | "named" | "closed" | "open";

export interface Group extends Span {
  form: Form;
  /** How many open modules are around it. */
  depth: number;
}

/** A module whose parts are groups of their own. */
export interface OpenModule extends Span {
  depth: number;
}

export interface MapTree {
  groups: readonly Group[];
  /** Those around others first. */
  open: readonly OpenModule[];
}

/** What the reader said of a module, by its path: true is open. */
export type Said = ReadonlyMap<string, boolean>;

/** A group gets a label of its own if it has this much room on average. */
const GROUP_ROOM = 18;
const FEWEST_GROUPS = 3;
/** A label for more than this share of the rows says next to nothing. */
const MOST_OF_THE_ROWS = 0.75;

/** Rows that are not sorted by module. */
export const ungrouped = (count: number): MapTree => ({
  groups: [{ label: "", from: 0, to: count, form: "thin", depth: 0 }],
  open: [],
});

type Modules = readonly (readonly string[])[];

/**
 * Modules above the deepest level whose labels find room in `height` are open, others are not, unless the reader said
 * otherwise. `names` are those of the sites from above; `isPinned` tells where a finding is.
 */
export function cutTree(
  names: readonly string[],
  height: number,
  said: Said,
  isPinned: (span: Span) => boolean,
): MapTree {
  const modules = names.map((name) => (moduleOf(name) || name).split("."));
  const level = levelWithin(modules, height);
  const groups: Group[] = [];
  const open: OpenModule[] = [];
  const opened = [...said].flatMap(([label, isOpen]) => (isOpen ? [label] : []));
  /** What holds a module that was opened is open, too, however little room there is. */
  const wordOn = ({ label }: Span): boolean | undefined =>
    said.get(label) ?? (opened.some((other) => other.startsWith(`${label}.`)) || undefined);

  /** `length`: of the span's path, in parts; `depth`: how many open modules are around it. */
  const visit = (outer: Span, length: number, depth: number): void => {
    let [span, parts, word] = [outer, length, wordOn(outer)];
    let inside = spansIn(modules, span, parts + 1);
    // A module that holds one other and nothing else is that other.
    while ((word ?? parts < level) && inside[0]?.to === span.to && inside[0].label !== span.label) {
      [span] = inside;
      word = wordOn(span) ?? word;
      parts++;
      inside = spansIn(modules, span, parts + 1);
    }
    const hasParts = inside.length > 1;
    if (word === false) groups.push({ ...span, form: "closed", depth });
    else if (word ?? (hasParts && parts < level)) enter(span, inside, parts, depth);
    else groups.push({ ...span, form: parts > level ? "named" : isPinned(span) ? "wide" : "thin", depth });
  };

  const enter = (span: Span, inside: readonly Span[], parts: number, depth: number): void => {
    // Of what holds everything nobody needs to be told, nor could close it.
    const isAll = span.to - span.from === names.length && !said.has(span.label);
    if (!isAll) open.push({ ...span, depth });
    const within = isAll ? depth : depth + 1;
    for (const part of inside) {
      const isSite = part.label === span.label || (parts >= level && part.to - part.from === 1);
      if (isSite) groups.push({ ...part, label: span.label, form: "open", depth: within });
      else visit(part, parts + 1, within);
    }
  };

  for (const span of spansIn(modules, { label: "", from: 0, to: names.length }, 1)) visit(span, 1, 0);
  return { groups, open };
}

/** How many parts the paths of the groups have that find room for their labels. */
function levelWithin(modules: Modules, height: number): number {
  const all = { label: "", from: 0, to: modules.length };
  const deepest = Math.max(1, ...modules.map((parts) => parts.length));
  const most = Math.max(1, Math.floor(height / GROUP_ROOM));
  let level = deepest;
  let spans = spansIn(modules, all, level);
  while (level > 1 && spans.length > most) spans = spansIn(modules, all, --level);
  // One label for everything says nothing: then every few of the deeper ones say more.
  const saysLittle =
    spans.length < FEWEST_GROUPS || spans.some(({ from, to }) => to - from > MOST_OF_THE_ROWS * modules.length);
  return level < deepest && saysLittle ? level + 1 : level;
}

/** The neighbours in a span whose paths have the same first parts. */
function spansIn(modules: Modules, { from, to }: Span, parts: number): Span[] {
  const spans: Span[] = [];
  for (let row = from; row < to; row++) {
    const label = modules[row]?.slice(0, parts).join(".") ?? "";
    const last = spans.at(-1);
    if (last?.label === label) last.to = row + 1;
    else spans.push({ label, from: row, to: row + 1 });
  }
  return spans;
}
