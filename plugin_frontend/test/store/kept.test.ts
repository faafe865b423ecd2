import { expect, it } from "vitest";
import { kept, keptSettings, keptWord } from "../../src/store/kept";

function settingOf(key: string) {
  const found = keptSettings().find((setting) => setting.key === key);
  if (!found) throw new Error(`there is no setting ${key}`);
  return found;
}

it("keeps a word, and leaves out the default", () => {
  const shape = keptWord("shape", ["round", "square"]);
  expect(settingOf("shape").read()).toBeNull();
  shape.value = "square";
  expect(settingOf("shape").read()).toBe("square");
  settingOf("shape").write("round");
  expect(shape.value).toBe("round");
});

it("takes the default for what is missing or makes no sense", () => {
  const size = kept<number>("size", 3, String, (text) => (/^\d+$/.test(text) ? Number(text) : undefined));
  settingOf("size").write("12");
  expect(size.value).toBe(12);
  settingOf("size").write("<img>");
  expect(size.value).toBe(3);
  settingOf("size").write(undefined);
  expect(size.value).toBe(3);
});

it("does not change for an equal value of another identity", () => {
  const list = kept<string[]>(
    "list",
    [],
    (items) => items.join(","),
    (text) => text.split(","),
  );
  settingOf("list").write("a,b");
  const first = list.value;
  settingOf("list").write("a,b");
  expect(list.value).toBe(first);
  list.value = [];
  expect(settingOf("list").read()).toBeNull();
});
