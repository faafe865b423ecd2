// The page's keys: one table that is listened to and that the help sheet shows.

import { useEffect, useRef } from "preact/hooks";
import { signal } from "../base/signals";

/** A line of the help sheet. */
export interface KeyHelp {
  label: string;
  does: string;
}

export interface Key extends KeyHelp {
  /** As `KeyboardEvent.key` has it; several do the same. */
  keys: string[];
  press: (event: KeyboardEvent) => void;
}

const STORED = "torchviz_tb.keys_off";

/** Labels of the keys that the reader switched off, on this machine. */
export const keysOff = signal<readonly string[]>(stored());

export function switchKey(label: string, on: boolean): void {
  const others = keysOff.value.filter((other) => other !== label);
  keysOff.value = on ? others : [...others, label];
  try {
    localStorage.setItem(STORED, JSON.stringify(keysOff.value));
  } catch {
    // Without storage it holds until the page is left.
  }
}

function stored(): string[] {
  try {
    return (JSON.parse(localStorage.getItem(STORED) ?? "[]") as unknown[]).map(String);
  } catch {
    return [];
  }
}

/** Where a view says no more of its pictures. */
const PICTURE_KEYS: readonly KeyHelp[] = [
  { label: "Arrows", does: "Move in a picture, or among tiles" },
  { label: "Enter", does: "Select what is read out" },
];

/** Keys of the shown view alone, for the help sheet. */
export const viewKeys = signal(PICTURE_KEYS);

/** While the view is there, listens to its own keys; `others` are those that its parts listen to themselves. */
export function useViewKeys(table: readonly Key[], others: readonly KeyHelp[]): void {
  useEffect(() => {
    viewKeys.value = [...table, ...others];
    const stop = listenToKeys(table);
    return () => {
      stop();
      viewKeys.value = PICTURE_KEYS;
    };
  }, [table, others]);
}

const closers: (() => void)[] = [];

/** While `open`, Escape calls `close`; of several open things it is the one opened last. */
export function useEscape(close: () => void, open = true): void {
  const newest = useRef(close);
  newest.current = close;
  useEffect(() => {
    if (!open) return;
    const closer = () => newest.current();
    closers.push(closer);
    return () => {
      closers.splice(closers.indexOf(closer), 1);
    };
  }, [open]);
}

/** Closes what was opened last; false if nothing is open. */
export function closeLast(): boolean {
  const close = closers.at(-1);
  close?.();
  return close !== undefined;
}

/** Listens to the keys of the table; returns the end of it. */
export function listenToKeys(table: readonly Key[], target: Document | Window = document): () => void {
  const listener = (event: Event) => {
    if (event instanceof KeyboardEvent) press(table, event);
  };
  target.addEventListener("keydown", listener);
  return () => target.removeEventListener("keydown", listener);
}

function press(table: readonly Key[], event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  // Escape closes a list also from the field above it.
  if (isTyping(event) && event.key !== "Escape") return;
  const key = table.find((entry) => entry.keys.includes(event.key));
  if (!key || keysOff.value.includes(key.label) || (event.key === " " && isButton(event))) return;
  event.preventDefault();
  key.press(event);
}

function isTyping(event: KeyboardEvent): boolean {
  const element = event.target;
  if (!(element instanceof HTMLElement)) return false;
  if (element instanceof HTMLInputElement) return element.type !== "range" && element.type !== "checkbox";
  return element.isContentEditable || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

/** Space on a button presses the button. */
function isButton(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest("button, a, summary, [role='treeitem']") !== null;
}
