// A number's name, explained in one line to those who point at it, come to it with the keyboard, or have it read.

import type { ComponentChildren } from "preact";
import { meanings } from "../store/meanings";
import { hideTooltip, showTooltip } from "./tooltip";

/** As wide as a read-out gets, with what is left free around it. */
const ROOM = 390;

/** Attributes of an element that names a number. In a list it is explained beside, or below the whole list. */
export function explained(key: string | undefined, listed = false) {
  const meaning = meanings.value[key ?? ""];
  if (!meaning) return {};
  const show = ({ currentTarget }: { currentTarget: Element }) => {
    const { left, right, top, bottom } = currentTarget.getBoundingClientRect();
    const end = listed ? (currentTarget.parentElement?.getBoundingClientRect().bottom ?? bottom) : bottom;
    const [x, y] =
      listed && right + ROOM < innerWidth ? [right, top - 12] : [Math.min(left - 12, innerWidth - ROOM), end - 6];
    const title = (
      <>
        {meaning.says}
        <p class="quiet">{meaning.formula}</p>
      </>
    );
    showTooltip({ x, y, title, rows: [] });
  };
  return {
    "aria-description": meaning.says,
    onPointerEnter: show,
    onPointerLeave: hideTooltip,
    onFocus: show,
    onBlur: hideTooltip,
  };
}

export function Term({ of, children }: { of: string; children: ComponentChildren }) {
  return <span {...explained(of)}>{children}</span>;
}
