import { beforeEach, expect, it } from "vitest";
import { keptSettings } from "../../../src/store/kept";
import { MOST_PINS, pins, togglePin } from "../../../src/views/distributions/options";
import type { Subject } from "../../../src/views/distributions/subject";

const setting = keptSettings().find(({ key }) => key === "pins");
const subject = (site: string): Subject => ({ run: "a,b", group: "model", site, stage: "gradient" });

beforeEach(() => {
  pins.value = [];
});

it("keeps pins in the address, whatever names hold", () => {
  expect(setting?.read()).toBeNull();
  for (const site of ['h.0["w"]', "x;y"]) togglePin(subject(site));
  const [all, text] = [pins.value, setting?.read() ?? undefined];
  pins.value = [];
  setting?.write(text);
  expect(pins.value).toEqual(all);
});

it("takes no pins from an address that makes no sense", () => {
  for (const text of ["[", "5", '["ab"', "null", "<img>"]) {
    setting?.write(text);
    expect(pins.value).toEqual([]);
  }
});

it("unpins what is pinned, and lets the oldest go", () => {
  togglePin(subject("a"));
  togglePin({ ...subject("a"), stage: "update" });
  togglePin(subject("a"));
  expect(pins.value.map(({ stage }) => stage)).toEqual(["update"]);
  for (let index = 0; index < MOST_PINS; index++) togglePin(subject(String(index)));
  expect(pins.value.map(({ site }) => site)).toEqual(["0", "1", "2", "3", "4", "5"]);
});
