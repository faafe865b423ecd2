import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Tree, type TreeRow } from "../../src/widgets/tree";

const row = (id: number, depth: number, expanded: boolean | null): TreeRow => ({
  id,
  depth,
  expanded,
  position: 1,
  setSize: 1,
});
const ROWS = [row(0, 0, true), row(1, 1, null), row(2, 1, false), row(3, 1, true), row(4, 2, null)];
const NAMES = ["model", "alpha", "beta", "gamma", "beta2"];

function mount(rows = ROWS, selected: number | null = null) {
  const [onSelect, onToggle] = [vi.fn(), vi.fn()];
  const host = document.body.appendChild(document.createElement("div"));
  const draw = () =>
    render(
      <Tree
        label="Modules"
        rows={rows}
        selected={selected}
        nameOf={({ id }) => NAMES[id] ?? ""}
        content={({ id }) => NAMES[id]}
        onSelect={onSelect}
        onToggle={onToggle}
      />,
      host,
    );
  act(draw);
  const tree = host.querySelector<HTMLElement>("[role=tree]");
  const press = (...keys: string[]) => {
    for (const key of keys) {
      act(() => {
        tree?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      });
    }
  };
  const current = () => host.querySelector(`[id="${tree?.getAttribute("aria-activedescendant")}"]`)?.textContent;
  return { host, press, current, onSelect, onToggle };
}

afterEach(() => document.body.replaceChildren());

describe("keys", () => {
  test("arrows, Home and End move, and stop at the ends", () => {
    const { press, current } = mount();
    expect(current()).toBe("model");
    press("ArrowUp", "ArrowDown", "ArrowDown");
    expect(current()).toBe("beta");
    press("End", "ArrowDown");
    expect(current()).toBe("beta2");
    press("Home");
    expect(current()).toBe("model");
  });

  test("right opens a closed row and enters an open one, left closes it or goes to its parent", () => {
    const { press, current, onToggle } = mount();
    press("ArrowDown", "ArrowDown", "ArrowRight");
    expect(onToggle).toHaveBeenLastCalledWith(2, true);
    press("ArrowDown", "ArrowRight");
    expect(current()).toBe("beta2");
    press("ArrowLeft");
    expect(current()).toBe("gamma");
    press("ArrowLeft");
    expect(onToggle).toHaveBeenLastCalledWith(3, false);
  });

  test("Enter and space select; a letter goes to the next name that begins with it", () => {
    const { press, onSelect } = mount();
    press("b", "Enter");
    expect(onSelect).toHaveBeenLastCalledWith(2);
    press("b", " ");
    expect(onSelect).toHaveBeenLastCalledWith(4);
  });

  test("what the tree does not use is left to the page", () => {
    const { host } = mount();
    const event = new KeyboardEvent("keydown", { key: "1", bubbles: true, cancelable: true });
    host.querySelector("[role=tree]")?.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});

test("rows say their level, state and selection", () => {
  const { host } = mount(ROWS, 3);
  const [first, second, , fourth] = host.querySelectorAll("[role=treeitem]");
  expect(first?.getAttribute("aria-level")).toBe("1");
  expect(first?.getAttribute("aria-expanded")).toBe("true");
  expect(second?.hasAttribute("aria-expanded")).toBe(false);
  expect(fourth?.getAttribute("aria-selected")).toBe("true");
});

test("of 100,000 rows only those that are seen are made", () => {
  const { host } = mount(Array.from({ length: 100_000 }, (_, id) => row(id, 0, null)));
  expect(host.querySelectorAll("[role=treeitem]").length).toBeLessThan(100);
});
