// What an ATen operation is called in the picture, and which ones only change how a tensor is looked at.

/** Change a tensor's shape or identity but none of its values: edges pass through them. */
const PLUMBING = new Set([
  "alias",
  "clone",
  "contiguous",
  "detach",
  "expand",
  "lift_fresh",
  "permute",
  "reshape",
  "squeeze",
  "t",
  "transpose",
  "unsafe_view",
  "unsqueeze",
  "view",
]);

export type Sign = "add" | "subtract" | "multiply" | "divide" | "concatenate";

const SIGNS = new Map<string, Sign>([
  ["add", "add"],
  ["sub", "subtract"],
  ["mul", "multiply"],
  ["div", "divide"],
  ["cat", "concatenate"],
  ["stack", "concatenate"],
]);

/** The kernels behind one function: which of them ran is in the operation's full name. */
const ATTENTION_KERNEL = /^scaled_dot_product_\w*attention\w*/;

/** The operation without namespace and private underscores: "aten._softmax" is "softmax". */
export function operationLabel(name: string): string {
  const known = labels.get(name);
  if (known !== undefined) return known;
  const label = labelOf(name);
  // Names come from a log: a hostile one may hold any number of them.
  if (labels.size < MOST_LABELS) labels.set(name, label);
  return label;
}

const MOST_LABELS = 5000;
const labels = new Map<string, string>();

function labelOf(name: string): string {
  const bare = name.replace(/^aten\./, "").replace(/^_+/, "");
  return bare.replace(ATTENTION_KERNEL, "scaled_dot_product_attention") || name;
}

/** The name that in-place and plain variants share. */
const family = (name: string): string => operationLabel(name).replace(/\..*$/, "").replace(/_$/, "");

export const isPlumbing = (name: string): boolean => PLUMBING.has(family(name));

/** The sign in its circle; null: it is drawn as a pill with its name. */
export const operationSign = (name: string): Sign | null => SIGNS.get(family(name)) ?? null;
