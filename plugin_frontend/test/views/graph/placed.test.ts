import { describe, expect, test } from "vitest";
import { buildHierarchy } from "../../../src/layout/hierarchy";
import { Arranger, openToDepth } from "../../../src/layout/scene";
import { boxAt, contains, lineAt, neighbour, placeScene, slotAt, slotsOf } from "../../../src/views/graph/placed";
import { GraphBuilder, resNet, transformer } from "../../layout/graphs";

function placedAt(graph = resNet(2), depth = 3) {
  const hierarchy = buildHierarchy(graph);
  const placed = placeScene(hierarchy, new Arranger(hierarchy).arrange(openToDepth(hierarchy, depth)));
  const node = (path: string): number =>
    hierarchy.nodes.findIndex((each) => each.kind === "module" && each.path === path);
  return { hierarchy, placed, node };
}

test("every box is inside the one of the module that holds it", () => {
  const { hierarchy, placed } = placedAt();
  for (const [id, rect] of placed.boxes) {
    const outer = placed.boxes.get(hierarchy.nodes[id]?.parent ?? 0);
    if (!outer) continue;
    expect(contains(outer, rect.x, rect.y)).toBe(true);
    expect(contains(outer, rect.x + rect.width - 1, rect.y + rect.height - 1)).toBe(true);
  }
});

describe("hit test", () => {
  test("finds the innermost box at the middle of each closed one", () => {
    const { placed } = placedAt();
    const open = new Set(placed.groups.map((group) => group.node));
    for (const [id, { x, y, width, height }] of placed.boxes) {
      if (!open.has(id)) expect(boxAt(placed, x + width / 2, y + height / 2)).toBe(id);
    }
  });

  test("on the ground of an open module finds the module, outside of all nothing", () => {
    const { placed, node } = placedAt();
    const rect = placed.boxes.get(node("layer1"));
    expect(rect && boxAt(placed, rect.x + 3, rect.y + 12)).toBe(node("layer1"));
    expect(boxAt(placed, -50, -50)).toBeNull();
  });

  test("finds the line whose corner is at the point, and none beyond its reach", () => {
    const { placed, node } = placedAt();
    const group = placed.groups.find((each) => each.node === node("layer1.1"));
    const detour = group?.layout.paths.find((path) => path.kind === "detour");
    if (!group || !detour) throw new Error("the residual block has no detour");
    const [, , , , x = 0, y0 = 0, , y1 = 0] = detour.points;
    const middle = (y0 + y1) / 2;
    expect(lineAt(placed, group.x + x + 2, group.y + middle, 5)?.path).toBe(detour);
    expect(lineAt(placed, group.x + x - 9, group.y + middle, 5)).toBeNull();
  });
});

describe("slots", () => {
  const { placed, node } = placedAt(transformer(2), 3);
  const group = placed.groupOf.get(node("h.1.attn"));
  if (!group) throw new Error("attention is closed");

  test("are where edges pass the border: what enters side by side at the top, what leaves on the spine", () => {
    const slots = slotsOf(group);
    // The normed values and the mask go in, the projection comes out.
    expect(slots.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(slots.map(({ y }) => y)).toEqual([group.y, group.y, group.y + group.height]);
    expect(slots[2]?.x).toBe(group.x + group.layout.anchor);
    expect(slots[0]?.x).not.toBe(slots[1]?.x);
  });

  test("are found within reach of their tabs, and not between them", () => {
    for (const { index, x, y } of slotsOf(group)) {
      expect(slotAt(placed, x + 8, y - 3, 2)).toEqual({ group, index });
      expect(slotAt(placed, x, y + 9, 2)).toBeNull();
    }
    expect(slotAt(placed, group.x, group.y, 2)).toBeNull();
  });
});

describe("arrow keys", () => {
  test("go down and up along the edges", () => {
    const { hierarchy, placed, node } = placedAt();
    const below = neighbour(hierarchy, placed, node("layer1.1.conv1"), "down");
    expect(below).toBe(node("layer1.1.bn1"));
    expect(neighbour(hierarchy, placed, below ?? 0, "up")).toBe(node("layer1.1.conv1"));
  });

  test("go across to the neighbours at the same height", () => {
    const { hierarchy, placed, node } = placedAt(transformer(1));
    expect(neighbour(hierarchy, placed, node("h.0.attn.k"), "left")).toBe(node("h.0.attn.q"));
    expect(neighbour(hierarchy, placed, node("h.0.attn.k"), "right")).toBe(node("h.0.attn.v"));
    expect(neighbour(hierarchy, placed, node("h.0.attn.v"), "right")).toBeNull();
  });

  test("go on to the next box where no edge leads", () => {
    const graph = { ...new GraphBuilder().build(), mode: "modules" as const };
    graph.scopes = {
      path: ["", "a", "b"],
      type: ["Net", "A", "B"],
      parent: [0, 0, 0],
      call: [0, 0, 0],
      parameters: [[], [], []],
      training: [true, true, true],
    };
    const { hierarchy, placed, node } = placedAt(graph, 1);
    expect(neighbour(hierarchy, placed, node("a"), "down")).toBe(node("b"));
    expect(neighbour(hierarchy, placed, node("b"), "down")).toBeNull();
  });
});
