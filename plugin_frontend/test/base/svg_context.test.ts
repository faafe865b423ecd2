import { expect, test } from "vitest";
import { SvgContext } from "../../src/base/svg_context";

const ruler = { font: "", measureText: (text: string) => ({ width: 6 * text.length }) } as CanvasRenderingContext2D;

function parsed(draw: (context: SvgContext) => void): Document {
  const context = new SvgContext(ruler);
  draw(context);
  return new DOMParser().parseFromString(context.file(100, 50, "#ffffff"), "image/svg+xml");
}

test("names cannot become elements, and control characters are left out", () => {
  const file = parsed((context) => context.fillText('<img onerror="x()">&\u0000\u001b', 1, 2));
  expect(file.querySelector("parsererror")).toBeNull();
  expect(file.querySelector("img")).toBeNull();
  expect(file.querySelector("text")?.textContent).toBe('<img onerror="x()">&');
});

test("texts have the size and weight of the font", () => {
  const file = parsed((context) => {
    for (const font of ["11px Roboto, sans-serif", "500 12px Roboto", "700 9.5px Roboto"]) {
      context.font = font;
      context.fillText("text", 0, 0);
    }
  });
  const fonts = [...file.querySelectorAll("text")].map((text) =>
    ["font-size", "font-weight"].map((name) => text.getAttribute(name)),
  );
  expect(fonts).toEqual([
    ["11", "400"],
    ["12", "500"],
    ["9.5", "700"],
  ]);
});

test("shapes are where a canvas would draw them", () => {
  const file = parsed((context) => {
    context.translate(10, 20);
    context.scale(2);
    context.fillRect(1, 2, 3, 4);
    context.save();
    context.translate(5, 0);
    context.beginPath();
    context.moveTo(0, 0);
    context.lineTo(1, 0);
    context.stroke();
    context.restore();
    context.lineTo(0, 0);
    context.stroke();
  });
  const paths = [...file.querySelectorAll("path")].map((path) => path.getAttribute("d"));
  expect(paths).toEqual(["M12 24h6v8h-6v-8Z", "M20 20L22 20", "M20 20L22 20L10 20"]);
});

test("a path that begins with a line begins there", () => {
  const file = parsed((context) => {
    context.beginPath();
    for (const [x, y] of [
      [1, 2],
      [3, 4],
    ] as const)
      context.lineTo(x, y);
    context.stroke();
  });
  expect(file.querySelector("path")?.getAttribute("d")).toBe("M1 2L3 4");
});

test("dashes end with the state in which they were set", () => {
  const file = parsed((context) => {
    const line = () => {
      context.beginPath();
      context.moveTo(0, 0);
      context.lineTo(9, 0);
      context.stroke();
    };
    context.save();
    context.setLineDash([2, 3]);
    line();
    context.restore();
    line();
  });
  const dashes = [...file.querySelectorAll("path")].map((path) => path.getAttribute("stroke-dasharray"));
  expect(dashes).toEqual(["2 3", null]);
});

test("a rounded corner ends its line short of the corner", () => {
  const file = parsed((context) => {
    context.beginPath();
    context.moveTo(0, 0);
    context.arcTo(20, 0, 20, 30, 8);
    context.lineTo(20, 30);
    context.stroke();
  });
  expect(file.querySelector("path")?.getAttribute("d")).toBe("M0 0L12 0Q20 0 20 8L20 30");
});

test("rounded rectangles turn at their corners, by no more than half of their height", () => {
  const file = parsed((context) => {
    context.scale(2);
    context.beginPath();
    context.roundRect(1, 2, 10, 4, 9);
    context.fill();
  });
  expect(file.querySelector("path")?.getAttribute("d")).toBe(
    "M6 4h12a4 4 0 0 1 4 4v0a4 4 0 0 1 -4 4h-12a4 4 0 0 1 -4 -4v0a4 4 0 0 1 4 -4Z",
  );
});

test("texts have the size and the weight of the font, which may name no weight", () => {
  const file = parsed((context) => {
    for (const font of ["11px Roboto, sans-serif", "500 12.5px Roboto"]) {
      context.font = font;
      context.fillText("text", 0, 0);
    }
  });
  const sizes = [...file.querySelectorAll("text")].map((text) => [
    text.getAttribute("font-size"),
    text.getAttribute("font-weight"),
  ]);
  expect(sizes).toEqual([
    ["11", "400"],
    ["12.5", "500"],
  ]);
});
