// Menus: a button and a floating list. The dashed word of a sentence control is one.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useSignal } from "../base/signals";
import { useEscape } from "../store/keyboard";
import { meanings } from "../store/meanings";
import { CheckIcon } from "./icons";
import { explained, Term } from "./meaning";
import { hideTooltip } from "./tooltip";

export interface MenuProps {
  /** What the button is for, to a screen reader. */
  label: string;
  buttonClass: string;
  button: ComponentChildren;
  /** What opens: a menu, or a dialog where a field stands above one. */
  opens?: "menu" | "dialog";
  /** The items; each is an element with a role that starts with "menuitem". */
  children: (close: () => void) => ComponentChildren;
}

const GAP = 4;

/** A button that opens a list below it. Arrows move in it, Escape and a click elsewhere close it. */
export function Menu({ label, buttonClass, button, opens = "menu", children }: MenuProps) {
  const isOpen = useSignal(false);
  const open = isOpen.value;
  const root = useRef<HTMLSpanElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const close = () => {
    isOpen.value = false;
    root.current?.querySelector("button")?.focus();
  };
  useEscape(close, open);
  // At each change: what is chosen may make the button or the list wider.
  useLayoutEffect(() => {
    if (list.current && root.current) placeBelow(list.current, root.current.getBoundingClientRect());
  });
  useLayoutEffect(() => {
    if (!open || !list.current) return;
    (list.current.querySelector<HTMLElement>("[aria-checked='true']") ?? itemsOf(list.current)[0])?.focus();
    const closeOutside = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) isOpen.value = false;
    };
    document.addEventListener("pointerdown", closeOutside);
    return () => {
      document.removeEventListener("pointerdown", closeOutside);
      hideTooltip();
    };
  }, [isOpen, open]);
  return (
    <span class="menu" ref={root}>
      <button
        type="button"
        class={buttonClass}
        aria-label={label}
        aria-haspopup={opens}
        aria-expanded={open}
        onClick={() => (isOpen.value = !open)}
      >
        {button}
      </button>
      {open && (
        <div
          class="menu-list"
          tabIndex={-1}
          ref={list}
          {...{ role: opens, "aria-label": label, onKeyDown: moveInList }}
        >
          {children(close)}
        </div>
      )}
    </span>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
  /** Under which name the server explains it, if not its value: with a formula for the right column. */
  meaning?: string;
}

interface WordMenuProps<T extends string> {
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
}

/** A dashed word of a sentence that opens the menu of its alternatives. */
export function WordMenu<T extends string>({ label, value, options, onChange }: WordMenuProps<T>) {
  const current = options.find((option) => option.value === value);
  const word = current?.label ?? value;
  return (
    <Menu label={`${label}: ${word}`} buttonClass="word" button={<Term of={current?.meaning ?? value}>{word}</Term>}>
      {(close) =>
        options.map(({ value: own, label: text, meaning = own }) => (
          <button
            key={own}
            type="button"
            class="menu-item"
            role="menuitemradio"
            aria-checked={own === value}
            {...explained(meaning, true)}
            onClick={() => {
              onChange(own);
              close();
            }}
          >
            <span class="menu-check">{own === value && <CheckIcon />}</span>
            <span>{text}</span>
            <span class="menu-formula">{meanings.value[meaning]?.formula}</span>
          </button>
        ))
      }
    </Menu>
  );
}

function itemsOf(list: Element): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[role^='menuitem']")];
}

/** Fixed to the page, so that no scrolling parent cuts it; shifted left where it would leave the page. */
function placeBelow(list: HTMLElement, anchor: DOMRect): void {
  const { width, height } = list.getBoundingClientRect();
  const left = Math.max(GAP, Math.min(anchor.left, innerWidth - width - GAP));
  const fits = anchor.bottom + GAP + height <= innerHeight;
  const top = fits ? anchor.bottom + GAP : Math.max(GAP, anchor.top - GAP - height);
  list.style.left = `${left}px`;
  list.style.top = `${top}px`;
}

function moveInList(event: KeyboardEvent & { currentTarget: Element }): void {
  const items = itemsOf(event.currentTarget);
  const focused = items.indexOf(document.activeElement as HTMLElement);
  const target = {
    ArrowDown: (focused + 1) % items.length,
    ArrowUp: (focused + items.length - 1) % items.length,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  items[target]?.focus();
}
