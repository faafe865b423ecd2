import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { magnitudeScale } from "../../src/base/colour_scale";
import { Legend } from "../../src/widgets/legend";
import { Picture } from "../../src/widgets/picture";

let root: HTMLElement;
beforeEach(() => {
  root = document.body.appendChild(document.createElement("div"));
});
afterEach(() => {
  render(null, root);
  root.remove();
});

const press = (key: string) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  root.querySelector("canvas")?.dispatchEvent(event);
  return event;
};

describe("Picture", () => {
  it("is in the tab order and keeps the keys that it uses", () => {
    const outer = vi.fn();
    root.addEventListener("keydown", outer);
    render(<Picture label="norms" draw={() => {}} onKey={(event) => event.key === "ArrowLeft"} />, root);
    expect(root.querySelector("canvas")?.tabIndex).toBe(0);
    expect(root.querySelector("canvas")?.getAttribute("aria-label")).toBe("norms");
    expect(press("ArrowLeft").defaultPrevented).toBe(true);
    expect(outer).not.toHaveBeenCalled();
    expect(press(",").defaultPrevented).toBe(false);
    expect(outer).toHaveBeenCalledTimes(1);
  });

  it("offers what can be saved, and shows its twin", () => {
    const csv = () => "a,b\n";
    render(<Picture label="norms" draw={() => {}} exportName="norms" csv={csv} twin={<p>the same as text</p>} />, root);
    const names = [...root.querySelectorAll("button")].map((button) => button.getAttribute("aria-label"));
    expect(names).toEqual(["Copy norms", "Save norms as PNG", "Save norms as SVG", "Save norms as CSV"]);
    expect(root.textContent).toContain("the same as text");
  });

  it("has no menu without a name for the file", () => {
    render(<Picture label="norms" draw={() => {}} />, root);
    expect(root.querySelectorAll("button")).toHaveLength(0);
    expect(root.querySelector("canvas")?.hasAttribute("tabindex")).toBe(false);
  });
});

it("a legend has unit, ticks, signs, and marks for what lies beyond its ends", () => {
  const scale = magnitudeScale([0.2, 50], { dark: false, range: [0.1, 10] });
  render(<Legend scale={scale} unit="gradient norm" signs={["nan", "missing"]} />, root);
  expect([...root.querySelectorAll(".legend-tick")].map((tick) => tick.textContent)).toEqual(["0.1", "1", "10"]);
  expect([...root.querySelectorAll(".legend-clamp")].map((mark) => mark.textContent)).toEqual(["▸"]);
  expect([...root.querySelectorAll("li")].map((sign) => sign.textContent)).toEqual(["NaN", "not measured"]);
  expect(root.textContent).toContain("gradient norm");
});
