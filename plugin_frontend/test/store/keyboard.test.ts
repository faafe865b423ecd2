import { expect, it, vi } from "vitest";
import { listenToKeys } from "../../src/store/keyboard";

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
