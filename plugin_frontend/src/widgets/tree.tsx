// A tree whose rows are made only where they are seen, so that it may have any number of them.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Signal, useSignal } from "../base/signals";
import { NextIcon } from "./icons";

/** A row that is not inside a closed one. */
export interface TreeRow {
  id: number;
  /** The root's is 0. */
  depth: number;
  /** Null: nothing is under it. */
  expanded: boolean | null;
  /** Place among its siblings, from 1, and how many they are. */
  position: number;
  setSize: number;
}

interface TreeProps {
  label: string;
  rows: readonly TreeRow[];
  selected: number | null;
  /** Name for typing ahead. */
  nameOf: (row: TreeRow) => string;
  content: (row: TreeRow) => ComponentChildren;
  onSelect: (id: number) => void;
  onToggle: (id: number, expand: boolean) => void;
}

const ROW_HEIGHT = 24;
const INDENT = 14;
const OVERSCAN = 8;

export function Tree(props: TreeProps) {
  const { rows, selected } = props;
  const element = useRef<HTMLDivElement>(null);
  const at = useSignal<number | null>(null);
  const view = useSignal({ top: 0, height: 600 });
  const chosen = rows.findIndex((row) => row.id === (at.value ?? selected));
  const current = Math.max(0, chosen);

  useLayoutEffect(() => followView(element.current, view), [view]);
  useEffect(() => {
    at.value = null;
  }, [at, selected]);
  useLayoutEffect(() => {
    if (chosen >= 0) scrollTo(element.current, chosen);
  }, [chosen, rows.length]);

  const go = (index: number) => {
    const row = rows[Math.min(Math.max(index, 0), rows.length - 1)];
    if (row) at.value = row.id;
  };
  const keydown = (event: KeyboardEvent) => {
    const used = pressKey(event, current, go, props);
    if (!used) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const { top, height } = view.value;
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_HEIGHT) + OVERSCAN);
  const seen = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  // A screen reader is told of the current row by its id, so it is made even where it is out of sight.
  const row = rows[current];
  const made = row && (current < first || current >= last) ? [...seen, current] : seen;
  return (
    <div
      class="tree"
      role="tree"
      aria-label={props.label}
      aria-activedescendant={row && idOf(row)}
      tabIndex={0}
      ref={element}
      onKeyDown={keydown}
    >
      <div class="tree-rows" role="presentation" style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
        {made.map((index) => {
          const each = rows[index];
          return each && <Row key={each.id} {...props} row={each} index={index} at={each === row} />;
        })}
      </div>
    </div>
  );
}

const idOf = (row: TreeRow): string => `tree-row-${row.id}`;

function Row({
  row,
  index,
  at,
  selected,
  content,
  onSelect,
  onToggle,
}: TreeProps & { row: TreeRow; index: number; at: boolean }) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the tree's, which alone has the focus
    <div
      id={idOf(row)}
      class={`tree-row ${at ? "at" : ""}`}
      role="treeitem"
      tabIndex={-1}
      aria-level={row.depth + 1}
      aria-expanded={row.expanded ?? undefined}
      aria-selected={row.id === selected}
      aria-posinset={row.position}
      aria-setsize={row.setSize}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)`, paddingLeft: `${4 + row.depth * INDENT}px` }}
      onClick={() => onSelect(row.id)}
      onDblClick={() => row.expanded !== null && onToggle(row.id, !row.expanded)}
    >
      <span
        class="tree-twist"
        aria-hidden="true"
        onClick={(event) => {
          if (row.expanded === null) return;
          event.stopPropagation();
          onToggle(row.id, !row.expanded);
        }}
      >
        {row.expanded !== null && <NextIcon />}
      </span>
      {content(row)}
    </div>
  );
}

function followView(element: HTMLDivElement | null, view: Signal<{ top: number; height: number }>): () => void {
  if (!element) return () => {};
  const tell = () => {
    view.value = { top: element.scrollTop, height: element.clientHeight };
  };
  const observer = new ResizeObserver(tell);
  observer.observe(element);
  element.addEventListener("scroll", tell, { passive: true });
  tell();
  return () => {
    observer.disconnect();
    element.removeEventListener("scroll", tell);
  };
}

function scrollTo(element: HTMLDivElement | null, index: number): void {
  if (!element) return;
  const top = index * ROW_HEIGHT;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + ROW_HEIGHT > element.scrollTop + element.clientHeight) {
    element.scrollTop = top + ROW_HEIGHT - element.clientHeight;
  }
}

/** The keys of the tree pattern of the ARIA practices; true: the key was used. */
function pressKey(event: KeyboardEvent, current: number, go: (index: number) => void, props: TreeProps): boolean {
  const { rows, onToggle, onSelect } = props;
  const row = rows[current];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return false;
  const moves: Record<string, number> = { ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: rows.length - 1 };
  const move = moves[event.key];
  if (move !== undefined) go(move);
  else if (event.key === "ArrowRight") {
    if (row.expanded === false) onToggle(row.id, true);
    else if (row.expanded) go(current + 1);
  } else if (event.key === "ArrowLeft") {
    if (row.expanded) onToggle(row.id, false);
    else go(parentOf(rows, current));
  } else if (event.key === "Enter" || event.key === " ") onSelect(row.id);
  else return typeAhead(event, current, go, props);
  return true;
}

function parentOf(rows: readonly TreeRow[], index: number): number {
  const depth = rows[index]?.depth ?? 0;
  let above = index - 1;
  while (above >= 0 && (rows[above]?.depth ?? 0) >= depth) above -= 1;
  return above < 0 ? index : above;
}

/** A letter goes to the next row whose name begins with it; digits are left to the page's own keys. */
function typeAhead(
  event: KeyboardEvent,
  current: number,
  go: (index: number) => void,
  { rows, nameOf }: TreeProps,
): boolean {
  if (!/^\p{L}$/u.test(event.key) || event.shiftKey) return false;
  const order = [...rows.keys()].map((step) => (current + 1 + step) % rows.length);
  const found = order.find((index) => {
    const row = rows[index];
    return row !== undefined && nameOf(row).toLowerCase().startsWith(event.key.toLowerCase());
  });
  if (found !== undefined) go(found);
  return found !== undefined;
}
