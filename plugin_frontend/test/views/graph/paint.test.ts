import { beforeEach, expect, test, vi } from "vitest";
import { SvgContext } from "../../../src/base/svg_context";
import { NO_HEALTH } from "../../../src/views/graph/health";
import { countHealth } from "../../../src/views/graph/health_structure";
import { GraphModel } from "../../../src/views/graph/model";
import { paintGraph } from "../../../src/views/graph/paint";
import { legendHeight, paintLegend } from "../../../src/views/graph/paint_legend";
import { pictureOf } from "../../../src/views/graph/picture_of";
import { resNet } from "../../layout/graphs";

beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
});

const ruler = { font: "", measureText: (text: string) => ({ width: 6 * text.length }) } as CanvasRenderingContext2D;
const size = { width: 800, height: 600 };

function painted(draw: (context: CanvasRenderingContext2D) => void): Element[] {
  const context = new SvgContext(ruler);
  draw(context as unknown as CanvasRenderingContext2D);
  const file = new DOMParser().parseFromString(context.file(800, 600, "#ffffff"), "image/svg+xml");
  return [...file.documentElement.children];
}

function pictureOfConv(health = NO_HEALTH) {
  const model = new GraphModel(resNet(2));
  model.resize(size);
  model.select(model.nodeOf("conv1"));
  if (!model.placed.value) throw new Error("nothing was placed");
  const calls = new Map([["conv1", 3]]);
  return { model, input: { ...pictureOf(model, health, model.placed.value), calls, camera: { x: 0, y: 0, zoom: 1 } } };
}

test("the ring of the selection runs below the mark of repeated calls", () => {
  const { input } = pictureOfConv();
  const drawn = painted((context) => paintGraph(context, size, input));
  const ring = drawn.findLastIndex((each) => each.getAttribute("stroke") === input.look.where);
  const badge = drawn.findLastIndex((each) => each.textContent === "↻ 1/3");
  expect(ring).toBeGreaterThan(0);
  expect(badge).toBeGreaterThan(ring);
});

test("a file's legend says what colours the boxes, and takes no room where nothing does", () => {
  const { model } = pictureOfConv();
  const { input } = pictureOfConv(countHealth(model.parameterCounts, false));
  const drawn = painted((context) => paintLegend(context, input, 10, 20));
  const texts = drawn.filter((each) => each.tagName === "text");
  expect(texts.length).toBeGreaterThan(2);
  const bottom = Math.max(...texts.map((each) => Number(each.getAttribute("y"))));
  expect(bottom).toBeLessThan(20 + legendHeight(input.health));
  expect(new Set(drawn.map((each) => each.getAttribute("fill"))).size).toBeGreaterThan(100);
  expect(legendHeight(NO_HEALTH)).toBe(0);
});
