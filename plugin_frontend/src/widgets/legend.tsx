// The legend of a picture: colour bar with ticks and unit, and the signs for what is not on the scale.

import {
  type CellColours,
  drawAftermath,
  drawFrozen,
  drawInfinity,
  drawNan,
  drawNotMeasured,
  type Rect,
} from "../base/cells";
import { type ColourScale, paletteStops } from "../base/colour_scale";
import { separated } from "../base/paint";
import type { Tick } from "../base/ticks";
import { dark } from "../theme";
import { look, useCanvas } from "./canvas";

export type Sign = "zero" | "infinite" | "nan" | "aftermath" | "missing" | "frozen";

type DrawSign = (context: CanvasRenderingContext2D, rect: Rect, colours: CellColours) => void;

export const SIGNS: Record<Sign, { label: string; draw: DrawSign }> = {
  zero: { label: "exactly 0", draw: fillZero },
  infinite: { label: "±Inf", draw: (context, rect, colours) => drawInfinity(context, rect, "+", colours) },
  nan: { label: "NaN", draw: drawNan },
  aftermath: { label: "still NaN", draw: drawAftermath },
  missing: { label: "not measured", draw: drawNotMeasured },
  frozen: { label: "frozen or no gradient", draw: drawFrozen },
};

/** As picture.css has it, and a digit of the small print. */
export const BAR_PX = 172;
const GLYPH_PX = 6;

interface LegendProps {
  scale?: ColourScale;
  /** What the colours stand for, such as "gradient norm". */
  unit?: string;
  signs?: readonly Sign[];
  /** The hovered value: a ▾ points at it. */
  pointer?: number | null;
}

export function Legend({ scale, unit, signs = [], pointer = null }: LegendProps) {
  return (
    <div class="legend">
      {signs.length > 0 && (
        <ul class="legend-signs">
          {signs.map((sign) => (
            <li key={sign}>
              <span aria-hidden="true">
                <SignSample sign={sign} />
              </span>
              {SIGNS[sign].label}
            </li>
          ))}
        </ul>
      )}
      {unit && <span>{unit}</span>}
      {scale && <ScaleBar scale={scale} pointer={pointer} />}
    </div>
  );
}

/** Those that have room below the bar, each where the middle of its label is: at the ends that is within the bar. */
export function barTicks(scale: ColourScale): Tick[] {
  const width = (label: string) => label.length * GLYPH_PX;
  const ticks = scale.ticks(scale.palette === "signed" ? 2 : 4).map((tick): Tick => {
    const half = width(tick.label) / 2 / BAR_PX;
    return { ...tick, position: Math.min(1 - half, Math.max(half, tick.position)) };
  });
  return separated(ticks, BAR_PX, (label) => width(label) + GLYPH_PX);
}

function ScaleBar({ scale, pointer }: { scale: ColourScale; pointer: number | null }) {
  const stops = paletteStops(scale.palette, dark.value).join(", ");
  const ticks = barTicks(scale);
  return (
    <div class="legend-scale" role="img" aria-label={`Colours from ${ticks[0]?.label} to ${ticks.at(-1)?.label}`}>
      <div class="legend-bar" style={{ background: `linear-gradient(to right, ${stops})` }} />
      {scale.clamped.low && (
        <span class="legend-clamp" style={{ right: "100%" }} title="There are values beyond this end">
          ◂
        </span>
      )}
      {scale.clamped.high && (
        <span class="legend-clamp" style={{ left: "100%" }} title="There are values beyond this end">
          ▸
        </span>
      )}
      {ticks.map((tick) => (
        <span key={tick.label} class="legend-tick" style={{ left: `${tick.position * 100}%` }}>
          {tick.label}
        </span>
      ))}
      {pointer !== null && Number.isFinite(pointer) && (
        <span class="legend-pointer" style={{ left: `${scale.position(pointer) * 100}%` }}>
          ▼
        </span>
      )}
    </div>
  );
}

function SignSample({ sign }: { sign: Sign }) {
  const canvas = useCanvas((context, { width, height }) =>
    SIGNS[sign].draw(context, { x: 0, y: 0, width, height }, look.value),
  );
  return <canvas ref={canvas} />;
}

function fillZero(context: CanvasRenderingContext2D, rect: Rect, colours: CellColours): void {
  context.fillStyle = colours.zero;
  context.fillRect(rect.x, rect.y, rect.width, rect.height);
}
