// Structure in the names of sites: equal blocks form a lattice, everything else is grouped by module.

/** Sites of equal blocks: one row a block, one column a name within the block. */
export interface Lattice {
  /** "modules": nothing repeats, so each module is a block of its own; its sites compare with no other's. */
  kind: "blocks" | "modules";
  /** Path of each block, such as "h.9", in the order of the model. */
  blocks: string[];
  /** Name within the block, such as "attn.c_attn.weight", in the order of the model. */
  columns: string[];
  /** Index into the names by block and column; null: that block has no such site. */
  cells: (number | null)[][];
  /** Indices of the names outside every block, in order. */
  rest: number[];
}

export interface NameGroup {
  /** Path of the module; empty: the root. */
  module: string;
  /** Indices into the names. */
  members: number[];
}

const FEWEST_BLOCKS = 3;
const LEAST_OVERLAP = 0.5;
const FEWEST_MODULES = 2;
/** A lattice of modules must be fuller than this, or its gaps say more than its cells. */
const LEAST_FILLED = 0.4;

/** The module that a site belongs to: its path without the last part. */
export function moduleOf(name: string): string {
  return name.split(".").slice(0, -1).join(".");
}

/** Whether a name fits a glob: * any text, ? one character. Without either it must contain the text. Empty fits all. */
export function globMatcher(glob: string): (name: string) => boolean {
  const pattern = glob.trim();
  if (pattern === "") return () => true;
  if (!/[*?]/.test(pattern)) return (name) => name.toLowerCase().includes(pattern.toLowerCase());
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "i");
  return (name) => expression.test(name);
}

/** As `globMatcher`; from a slash on, to another one if it has it, a regular expression. Null: it is none. */
export function siteMatcher(filter: string): ((name: string) => boolean) | null {
  const expression = /^\/(.*?)\/?$/.exec(filter)?.[1];
  if (expression === undefined) return globMatcher(filter);
  try {
    const compiled = new RegExp(expression, "i");
    return (name) => compiled.test(name);
  } catch {
    return null;
  }
}

/** Names by module, in the order of first appearance. */
export function groupByModule(names: readonly string[], members = names.map((_, index) => index)): NameGroup[] {
  const groups = new Map<string, number[]>();
  for (const member of members) {
    const module = moduleOf(names[member] ?? "");
    const known = groups.get(module);
    if (known) known.push(member);
    else groups.set(module, [member]);
  }
  return [...groups].map(([module, list]) => ({ module, members: list }));
}

/** The blocks that repeat; else the modules, where they have alike names; else null. */
export function latticeOf(names: readonly string[]): Lattice | null {
  return blockLattice(names) ?? moduleLattice(names);
}

/**
 * The lattice of the blocks that repeat, or null where fewer than three do. A block is a path that ends in a number;
 * blocks belong together if at least half of their columns are the same, whatever their paths ("layer1.0", "layer2.0").
 */
function blockLattice(names: readonly string[]): Lattice | null {
  const best = bestCluster(blocksOf(names));
  return best && best.length >= FEWEST_BLOCKS ? assemble("blocks", names, best) : null;
}

/** Every module a block ("conv1", "fc"), every parameter name a column ("weight", "bias"). */
function moduleLattice(names: readonly string[]): Lattice | null {
  const blocks = groupByModule(names).map(({ module, members }) => ({
    path: module,
    sites: new Map(members.map((member) => [(names[member] ?? "").slice(module ? module.length + 1 : 0), member])),
  }));
  const columns = new Set(blocks.flatMap(({ sites }) => [...sites.keys()]));
  const isFull = names.length >= LEAST_FILLED * blocks.length * columns.size;
  return blocks.length >= FEWEST_MODULES && isFull ? assemble("modules", names, blocks) : null;
}

interface Block {
  path: string;
  /** Column name → index of the site. */
  sites: Map<string, number>;
}

function blocksOf(names: readonly string[]): Block[] {
  const blocks = new Map<string, Block>();
  names.forEach((name, index) => {
    const parts = name.split(".");
    parts.slice(0, -1).forEach((part, depth) => {
      if (!/^\d+$/.test(part)) return;
      const path = parts.slice(0, depth + 1).join(".");
      const block = blocks.get(path) ?? { path, sites: new Map() };
      block.sites.set(parts.slice(depth + 1).join("."), index);
      blocks.set(path, block);
    });
  });
  return [...blocks.values()];
}

/** The alike blocks that hold the most sites; blocks inside blocks never share a cluster with their parents. */
function bestCluster(blocks: Block[]): Block[] | null {
  const patterns = new Map<string, Block>();
  for (const block of blocks) patterns.set([...block.sites.keys()].join("\n"), block);
  let best: Block[] | null = null;
  let bestSize = 0;
  for (const pattern of patterns.values()) {
    const cluster = blocks.filter(
      (block) => depthOf(block) === depthOf(pattern) && overlap(block, pattern) >= LEAST_OVERLAP,
    );
    const size = cluster.reduce((total, block) => total + block.sites.size, 0);
    if (cluster.length >= FEWEST_BLOCKS && size > bestSize) [best, bestSize] = [cluster, size];
  }
  return best;
}

const depthOf = (block: Block): number => block.path.split(".").length;

/** Jaccard index of the columns. */
function overlap(a: Block, b: Block): number {
  const shared = [...a.sites.keys()].filter((column) => b.sites.has(column)).length;
  return shared / (a.sites.size + b.sites.size - shared);
}

function assemble(kind: Lattice["kind"], names: readonly string[], blocks: Block[]): Lattice {
  const fullest = blocks.reduce((a, b) => (b.sites.size > a.sites.size ? b : a));
  const columns = new Set([fullest, ...blocks].flatMap((block) => [...block.sites.keys()]));
  const inside = new Set(blocks.flatMap((block) => [...block.sites.values()]));
  return {
    kind,
    blocks: blocks.map((block) => block.path),
    columns: [...columns],
    cells: blocks.map((block) => [...columns].map((column) => block.sites.get(column) ?? null)),
    rest: names.map((_, index) => index).filter((index) => !inside.has(index)),
  };
}
