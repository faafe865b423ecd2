// Signals: values that tell who read them when they change. As @preact/signals-core, which the tests hold them against,
// without what the page has no use for, in a third of its size.

/** What can be read. What is computed is a reader, too. */
interface Source {
  held: unknown;
  readers: Set<Reader>;
  /** Brings up to date what it holds. */
  refresh(): void;
  sources?: Reader["sources"];
}

interface Reader {
  /** What it read the last time, in order, and what that held then. */
  sources: Map<Source, unknown>;
  /** Whether its sources tell it of changes; what nobody reads compares them when it is asked. */
  isTold(): boolean;
  tell(): void;
}

export interface ReadonlySignal<T> {
  readonly value: T;
  /** The value, without being told of its changes. */
  peek(): T;
}

let reader: Reader | null = null;
/** Grows with each change of any signal. */
let changes = 0;
let depth = 0;
/** Effects to run when the outermost batch ends. */
const due = new Set<Effect>();
const MOST_RUNS = 1e5;

export class Signal<T> implements ReadonlySignal<T> {
  held: T;
  readers = new Set<Reader>();

  constructor(first: T) {
    this.held = first;
  }

  get value(): T {
    note(this);
    return this.held;
  }

  set value(next: T) {
    if (Object.is(next, this.held)) return;
    this.held = next;
    changes += 1;
    batch(() => tellAll(this));
  }

  refresh(): void {}

  peek(): T {
    return untracked(() => this.value);
  }
}

class Computed<T> extends Signal<T> implements Reader {
  sources = new Map<Source, unknown>();
  isStale = true;
  /** The number of changes when it was last up to date. */
  seen = -1;
  failure: [unknown] | null = null;
  compute: () => T;

  constructor(compute: () => T) {
    super(undefined as T);
    this.compute = compute;
  }

  override get value(): T {
    this.refresh();
    note(this);
    if (this.failure) throw this.failure[0];
    return this.held;
  }

  override refresh(): void {
    const isNew = this.seen < 0;
    if (this.seen === changes || (this.isTold() && !this.isStale)) return;
    this.isStale = false;
    this.seen = changes;
    if (!isNew && !isOutdated(this)) return;
    this.failure = null;
    try {
      this.held = read(this, this.compute);
    } catch (error) {
      // Another array at each failure, so that those who read it see a change.
      this.held = this.failure = [error] as T & [unknown];
    }
  }

  isTold(): boolean {
    return this.readers.size > 0;
  }

  tell(): void {
    if (this.isStale) return;
    this.isStale = true;
    tellAll(this);
  }
}

class Effect implements Reader {
  sources = new Map<Source, unknown>();
  isOn = true;
  cleanUp: unknown;
  act: () => unknown;

  constructor(act: () => unknown) {
    this.act = act;
  }

  run(): void {
    batch(() => {
      this.end();
      this.cleanUp = read(this, this.act);
    });
  }

  end(): void {
    const { cleanUp } = this;
    this.cleanUp = null;
    if (typeof cleanUp === "function") untracked(cleanUp as () => void);
  }

  stop(): void {
    this.isOn = false;
    for (const source of this.sources.keys()) leave(source, this);
    this.sources.clear();
    this.end();
  }

  isTold(): boolean {
    return this.isOn;
  }

  tell(): void {
    due.add(this);
  }
}

export const signal = <T>(first: T): Signal<T> => new Signal(first);

/** Computed when it is read, and again only after a change of what it read. */
export const computed = <T>(compute: () => T): ReadonlySignal<T> => new Computed(compute);

/** Runs now and after each change of what it read; what it returns, if a function, ends the run. Returns its end. */
export function effect(act: () => unknown): () => void {
  const made = new Effect(act);
  try {
    made.run();
  } catch (error) {
    made.stop();
    throw error;
  }
  return () => made.stop();
}

/** Effects run once, after all of the changes within. */
export function batch<T>(change: () => T): T {
  depth += 1;
  try {
    return change();
  } finally {
    try {
      if (depth === 1) runDue();
    } finally {
      depth -= 1;
    }
  }
}

/** Each is run though another one failed; then the first failure is told. */
function runDue(): void {
  let failure: [unknown] | null = null;
  let runs = 0;
  for (const each of due) {
    due.delete(each);
    runs += 1;
    if (runs > MOST_RUNS) throw new Error("Effects cause each other without end");
    try {
      if (each.isOn && isOutdated(each)) each.run();
    } catch (error) {
      failure ??= [error];
    }
  }
  if (failure) throw failure[0];
}

export const untracked = <T>(look: () => T): T => readAs(null, look);

function readAs<T>(who: Reader | null, look: () => T): T {
  const before = reader;
  reader = who;
  try {
    return look();
  } finally {
    reader = before;
  }
}

/** Reads anew, and forgets what was read before and is no longer. */
function read<T>(who: Reader, look: () => T): T {
  const before = who.sources;
  who.sources = new Map();
  try {
    return readAs(who, look);
  } finally {
    for (const source of before.keys()) if (!who.sources.has(source)) leave(source, who);
  }
}

function note(source: Source): void {
  if (!reader || reader.sources.has(source)) return;
  reader.sources.set(source, source.held);
  if (reader.isTold()) join(source, reader);
}

function join(source: Source, who: Reader): void {
  const isFirst = source.readers.size === 0;
  source.readers.add(who);
  if (isFirst) for (const each of source.sources?.keys() ?? []) join(each, source as Computed<unknown>);
}

function leave(source: Source, who: Reader): void {
  if (source.readers.delete(who) && source.readers.size === 0)
    for (const each of source.sources?.keys() ?? []) leave(each, source as Computed<unknown>);
}

/** In the order of reading: what changed first may have been why the others were read at all. */
function isOutdated({ sources }: Reader): boolean {
  for (const [source, held] of sources) {
    source.refresh();
    if (!Object.is(source.held, held)) return true;
  }
  return false;
}

function tellAll({ readers }: Source): void {
  for (const each of readers) each.tell();
}
