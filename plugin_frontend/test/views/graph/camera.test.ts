import { describe, expect, test } from "vitest";
import {
  type Camera,
  fitAll,
  hold,
  isInView,
  openingCamera,
  reveal,
  toPicture,
  toScreen,
  zoomAt,
} from "../../../src/views/graph/camera";

const screen = { width: 800, height: 600 };
const at: Camera = { x: 30, y: -20, zoom: 0.5 };

test("the way to the screen and the way back undo each other", () => {
  const seen = toScreen(at, { x: 7, y: 11, width: 20, height: 40 });
  expect(toPicture(at, seen.x, seen.y)).toEqual({ x: 7, y: 11 });
  expect([seen.width, seen.height]).toEqual([10, 20]);
});

test.each([0.1, 0.9, 1.5, 1000])("zooming by %d leaves what is under the pointer where it is", (factor) => {
  const before = toPicture(at, 200, 300);
  const after = toPicture(zoomAt(at, 200, 300, factor), 200, 300);
  expect(after.x).toBeCloseTo(before.x, 6);
  expect(after.y).toBeCloseTo(before.y, 6);
});

describe("fitting", () => {
  test("shows all of a picture that is too large, in the middle", () => {
    const camera = fitAll({ width: 4000, height: 1000 }, screen);
    const seen = toScreen(camera, { x: 0, y: 0, width: 4000, height: 1000 });
    expect(seen.x).toBeCloseTo(16);
    expect(seen.x + seen.width).toBeCloseTo(784);
    expect(seen.y + seen.height / 2).toBeCloseTo(300);
  });

  test("does not enlarge a small one", () => {
    expect(fitAll({ width: 100, height: 100 }, screen)).toEqual({ zoom: 1, x: 350, y: 250 });
  });
});

describe("opening", () => {
  test("a long graph begins at the top in full size", () => {
    expect(openingCamera({ width: 700, height: 9000 }, 300, screen)).toEqual({ zoom: 1, x: 50, y: 16 });
  });

  test("one that is a little too wide is so much smaller that its width is seen", () => {
    const camera = openingCamera({ width: 960, height: 9000 }, 300, screen);
    expect(camera).toEqual({ zoom: 0.8, x: 16, y: 16 });
  });

  test("one that is much too wide can still be read, with its spine in the middle", () => {
    const camera = openingCamera({ width: 2000, height: 9000 }, 700, screen);
    expect(camera.zoom).toBe(0.75);
    expect(700 * camera.zoom + camera.x).toBe(400);
    expect(camera.y).toBe(16);
  });

  test("one that nearly fits is shown whole", () => {
    expect(
      isInView(
        openingCamera({ width: 500, height: 640 }, 250, screen),
        { x: 0, y: 0, width: 500, height: 640 },
        screen,
      ),
    ).toBe(true);
  });
});

describe("revealing", () => {
  const here: Camera = { x: 0, y: 0, zoom: 1 };

  test("moves nothing that is seen", () => {
    expect(reveal(here, { x: 100, y: 100, width: 50, height: 50 }, screen)).toEqual(here);
  });

  test.each([[{ x: -500, y: 100, width: 50, height: 50 }], [{ x: 1500, y: 2000, width: 50, height: 50 }]])(
    "brings %o into view",
    (rect) => {
      expect(isInView(reveal(here, rect, screen), rect, screen)).toBe(true);
    },
  );

  test("of what is larger than the screen the beginning is shown", () => {
    const camera = reveal(here, { x: 500, y: 500, width: 5000, height: 5000 }, screen);
    expect([500 + camera.x, 500 + camera.y]).toEqual([16, 16]);
  });
});

test("a point that moved in the picture stays on the screen", () => {
  const camera = hold(at, { x: 10, y: 10 }, { x: 60, y: 200 });
  expect(60 * camera.zoom + camera.x).toBe(10 * at.zoom + at.x);
  expect(200 * camera.zoom + camera.y).toBe(10 * at.zoom + at.y);
});
