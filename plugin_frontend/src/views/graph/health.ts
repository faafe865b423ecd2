// What colours the boxes: one number or one word of each node, and how it is drawn.

import { State } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { STATE_WORDS } from "../../base/state_words";
import type { Hierarchy } from "../../layout/hierarchy";

/** One number and what it is; `value` is NaN where the state says that there is none. */
export interface Measure {
  value: number;
  state: number;
}

/** Of one dtype, of one structure …: a colour and a word; `value` of a measure is its position. */
export interface Category {
  label: string;
  colour: string;
}

export interface Health {
  /** Null: nothing to colour by. */
  paint: { css(value: number): string } | null;
  /** What the legend shows; null for categories. */
  scale: ColourScale | null;
  categories: readonly Category[];
  /** By module path; a module without parameters is not in it. */
  modules: Map<string, Measure>;
  /** Set where the number is of a call, not of a module; it then holds for operations, too. */
  ofNode: ((id: number) => Measure | null) | null;
  /** Modules with a parameter in them that is exactly 0 while others are not. */
  zeros: Set<string>;
  /** The step that the numbers are from; null where they are from none. */
  step: number | null;
  format: (value: number) => string;
}

export const NO_HEALTH: Health = {
  paint: null,
  scale: null,
  categories: [],
  modules: new Map(),
  ofNode: null,
  zeros: new Set(),
  step: null,
  format: String,
};

/** States from the one that wins when parameters are put together to the one that yields to all. */
const PRECEDENCE: readonly number[] = [
  State.nan,
  State.negInf,
  State.posInf,
  State.finite,
  State.zero,
  State.noGradient,
  State.frozen,
  State.unsupported,
  State.missing,
];

export const stronger = (a: number, b: number): number => (PRECEDENCE.indexOf(a) <= PRECEDENCE.indexOf(b) ? a : b);

/** The measure of a node: a module's own; of a fold or a part, the worst in it; null where there is none. */
export function measureOf(health: Health, hierarchy: Hierarchy, id: number): Measure | null {
  if (health.ofNode) return health.ofNode(id);
  const node = hierarchy.nodes[id];
  if (!node || health.modules.size === 0) return null;
  if (node.kind === "module" && !node.fold) return health.modules.get(node.path) ?? null;
  if (!node.fold && node.kind !== "part") return null;
  const known = gathered.get(health) ?? new Map<number, Measure | null>();
  gathered.set(health, known);
  const found = known.get(id);
  if (found !== undefined) return found;
  const own = worst(node.children.map((child) => measureOf(health, hierarchy, child)));
  known.set(id, own);
  return own;
}

/** A picture asks for the same folds at each frame. */
const gathered = new WeakMap<Health, Map<number, Measure | null>>();

/** Of several the one that is never hidden: not finite before the largest before exactly 0. */
export function worst(measures: (Measure | null)[]): Measure | null {
  let found: Measure | null = null;
  for (const each of measures) if (each && (!found || isWorse(each, found))) found = each;
  return found;
}

function isWorse(a: Measure, b: Measure): boolean {
  if (a.state !== b.state) return stronger(a.state, b.state) === a.state;
  return a.value > b.value;
}

/** The words and numbers of a measure: "0.64", "+Inf", "NaN", "exactly 0", "frozen", a category's word … */
export function describeMeasure({ value, state }: Measure, format: (value: number) => string): string {
  return STATE_WORDS[state] ?? format(value);
}
