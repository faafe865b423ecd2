import { describe, expect, it } from "vitest";
import { cutTree } from "../../../src/views/overview/map_tree";

/** Two blocks of an attention with two projections and an MLP, between an embedding and a norm. */
const BLOCK = ["attn.q.weight", "attn.q.bias", "attn.k.weight", "attn.k.bias", "mlp.weight"];
const NAMES = ["wte.weight", ...[0, 1].flatMap((block) => BLOCK.map((name) => `h.${block}.${name}`)), "norm.weight"];

/** Room for about four labels, so that the level is that of wte, h.0, h.1 and norm. */
const HEIGHT = 80;

function cut(said: Record<string, boolean> = {}, pinned: string[] = [], names = NAMES) {
  const { groups, open } = cutTree(names, HEIGHT, new Map(Object.entries(said)), ({ label }) => pinned.includes(label));
  return {
    groups: groups.map(({ label, from, to, form }) => `${label} ${from}-${to} ${form}`),
    open: open.map(({ label, from, to, depth }) => `${depth} ${label} ${from}-${to}`),
  };
}

describe("cutTree", () => {
  it("opens what is above the deepest level whose labels find room", () => {
    expect(cut()).toEqual({
      groups: ["wte 0-1 thin", "h.0 1-6 thin", "h.1 6-11 thin", "norm 11-12 thin"],
      open: ["0 h 1-11"],
    });
  });

  it("opens one level more where one label would stand for nearly all rows", () => {
    const blocks = Array.from({ length: 6 }, (_, block) => BLOCK.map((name) => `h.${block}.${name}`));
    const { groups } = cut({}, [], ["wte.weight", "wpe.weight", ...blocks.flat(), "norm.weight"]);
    expect(groups.map((group) => group.split(" ")[0])).toEqual([
      "wte",
      "wpe",
      ...[0, 1, 2, 3, 4, 5].map((block) => `h.${block}`),
      "norm",
    ]);
  });

  it("opens modules in modules, down to the sites, each with what it holds itself", () => {
    const { groups, open } = cut({ "h.0": true, "h.0.attn": true, "h.0.attn.q": true });
    expect(groups.slice(1, 5)).toEqual([
      "h.0.attn.q 1-3 open",
      "h.0.attn.k 3-5 named",
      "h.0 5-6 open", // its MLP is one site: there is nothing more to open
      "h.1 6-11 thin",
    ]);
    expect(open).toEqual(["0 h 1-11", "1 h.0 1-6", "2 h.0.attn 1-5", "3 h.0.attn.q 1-3"]);
  });

  it("opens what holds a module that was opened, where its own level has no room", () => {
    const names = [...NAMES, ...NAMES.map((name) => `decoder.${name}`)];
    expect(cut({}, [], names).groups[1]).toBe("h 1-11 thin");
    expect(cut({ "h.1": true }, [], names).groups.slice(1, 5)).toEqual([
      "h.0 1-6 named",
      "h.1.attn 6-10 named",
      "h.1 10-11 open",
      "norm 11-12 thin",
    ]);
    expect(cut({ h: false, "h.1": true }, [], names).groups[1]).toBe("h 1-11 closed");
  });

  it("closes any of them, and what was open in it is so again when it is opened", () => {
    const said = { "h.0": true, "h.0.attn": true };
    expect(cut({ ...said, h: false })).toEqual({
      groups: ["wte 0-1 thin", "h 1-11 closed", "norm 11-12 thin"],
      open: [],
    });
    expect(cut({ ...said, "h.0": false }).groups[1]).toBe("h.0 1-6 closed");
    expect(cut({ ...said, h: true })).toEqual(cut(said));
  });

  it("opens a module that holds nothing but one other as that other", () => {
    const names = ["a.weight", "net.body.layer.weight", "net.body.layer.bias", "b.weight", "c.weight", "d.weight"];
    expect(cut({ net: true }, [], names).groups[1]).toBe("net.body.layer 1-3 open");
    expect(cut({ net: true, "net.body.layer": false }, [], names).groups[1]).toBe("net.body.layer 1-3 closed");
  });

  it("widens what a finding is about, unless the reader said something of it", () => {
    expect(cut({}, ["h.1"]).groups[2]).toBe("h.1 6-11 wide");
    expect(cut({ "h.1": false }, ["h.1"]).groups[2]).toBe("h.1 6-11 closed");
  });

  it("has a module as often as others come between its rows", () => {
    const { groups } = cut({ h: false }, [], ["h.a.weight", "x.weight", "h.b.weight", "y.weight", "z.weight"]);
    expect(groups.filter((group) => group.startsWith("h "))).toEqual(["h 0-1 closed", "h 2-3 closed"]);
  });

  it("covers each row once, whatever is open", () => {
    for (const said of [{}, { h: false }, { "h.0": true, "h.1": false }, { "h.1": true, "h.1.attn": false }]) {
      const { groups } = cutTree(NAMES, HEIGHT, new Map(Object.entries(said)), () => false);
      expect(groups.map(({ from }) => from)).toEqual([0, ...groups.slice(0, -1).map(({ to }) => to)]);
      expect(groups.at(-1)?.to).toBe(NAMES.length);
    }
  });
});
