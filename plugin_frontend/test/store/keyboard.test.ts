import { expect, it, vi } from "vitest";
import { listenToKeys, switchKey } from "../../src/store/keyboard";

function press(element: Element, init: KeyboardEventInit): void {
  element.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init }));
}

it("hears its keys, but not what is typed, commands, or Space on a button", () => {
  document.body.innerHTML = "<input type='text'><input type='range'><button></button><p></p>";
  const [text, range, button, paragraph] = document.body.children;
  if (!text || !range || !button || !paragraph) throw new Error("no elements");
  const heard = vi.fn();
  const stop = listenToKeys([{ keys: ["c", " "], label: "c", does: "", press: heard }]);
  press(text, { key: "c" });
  press(paragraph, { key: "c", ctrlKey: true });
  press(paragraph, { key: "x" });
  press(button, { key: " " });
  expect(heard).not.toHaveBeenCalled();
  press(range, { key: "c" });
  press(button, { key: "c" });
  press(paragraph, { key: " " });
  expect(heard).toHaveBeenCalledTimes(3);
  stop();
  press(paragraph, { key: "c" });
  expect(heard).toHaveBeenCalledTimes(3);
});

it("leaves keys alone that the reader switched off, and remembers which", () => {
  const heard = vi.fn();
  const stop = listenToKeys([{ keys: ["c"], label: "c", does: "", press: heard }]);
  switchKey("c", false);
  press(document.body, { key: "c" });
  expect(heard).not.toHaveBeenCalled();
  expect(JSON.parse(localStorage.getItem("torchviz_tb.keys_off") ?? "")).toEqual(["c"]);
  switchKey("c", true);
  press(document.body, { key: "c" });
  expect(heard).toHaveBeenCalledOnce();
  stop();
});

it("hears Escape also from a field, and leaves to a view what the view uses", () => {
  document.body.innerHTML = "<input type='text'>";
  const page = vi.fn();
  const view = vi.fn();
  const table = (heard: () => void) =>
    ["Escape", "/"].map((key) => ({ keys: [key], label: key, does: "", press: heard }));
  const stops = [listenToKeys(table(page), window), listenToKeys(table(view).slice(1))];
  press(document.body.children[0] as Element, { key: "Escape" });
  expect(page).toHaveBeenCalledOnce();
  press(document.body, { key: "/" });
  expect(view).toHaveBeenCalledOnce();
  expect(page).toHaveBeenCalledOnce();
  for (const stop of stops) stop();
});
