// From a value to a place on an axis and back: linear, logarithmic, or symmetric-logarithmic.

import { formatNumber, formatPower } from "./format";
import { niceTicks, powerTicks, symlogTicks, type Tick } from "./ticks";

export type AxisKind = "linear" | "log" | "symlog";

export interface Axis {
  kind: AxisKind;
  domain: readonly [low: number, high: number];
  /** 0 at the domain's start, 1 at its end; beyond it less or more. NaN for what has no place. */
  position(value: number): number;
  /** The inverse of `position`. */
  value(position: number): number;
  /** About `count` ticks (symlog: a side). */
  ticks(count?: number): Tick[];
}

interface Shape {
  forward(value: number): number;
  backward(place: number): number;
  values(count: number): number[];
  format(value: number): string;
}

const DEFAULT_TICKS = 4;

export function linearAxis(low: number, high: number): Axis {
  const [from, to] = low < high ? [low, high] : widened(low);
  return axis("linear", from, to, {
    forward: (value) => value,
    backward: (place) => place,
    values: (count) => niceTicks(from, to, count),
    format: plain,
  });
}

export function logAxis(low: number, high: number): Axis {
  const to = high > low ? high : low * 10;
  return axis("log", low, to, {
    // Not the function itself: called from elsewhere, it makes an object of each number.
    forward: (value) => Math.log10(value),
    backward: (place) => 10 ** place,
    values: (count) => powerTicks(low, to, count),
    format: formatPower,
  });
}

/** Linear within about ±threshold, logarithmic beyond it. */
export function symlogAxis(low: number, high: number, threshold: number): Axis {
  const [from, to] = low < high ? [low, high] : [low - threshold, high + threshold];
  // A narrow domain far from zero holds too few powers of ten to read values from.
  const powers = (count: number) => {
    const ticks = symlogTicks(from, to, threshold, count);
    return ticks.length > 1 ? ticks : null;
  };
  return axis("symlog", from, to, {
    forward: (value) => Math.sign(value) * Math.log1p(Math.abs(value) / threshold),
    backward: (place) => Math.sign(place) * Math.expm1(Math.abs(place)) * threshold,
    values: (count) => powers(count) ?? niceTicks(from, to, count),
    format: (value) => (powers(1) ? formatPower(value) : plain(value)),
  });
}

function axis(kind: AxisKind, low: number, high: number, shape: Shape): Axis {
  const start = shape.forward(low);
  const span = shape.forward(high) - start;
  const position = (value: number) => (shape.forward(value) - start) / span;
  return {
    kind,
    domain: [low, high],
    position,
    value: (place) => shape.backward(start + place * span),
    ticks: (count = DEFAULT_TICKS) =>
      shape.values(count).map((value) => ({ value, label: shape.format(value), position: position(value) })),
  };
}

/** A domain round a single value. */
function widened(value: number): [number, number] {
  const margin = Math.abs(value) / 2 || 1;
  return [value - margin, value + margin];
}

/** Ticks of a linear axis are round already: no digits are added ("2", not "2.0"). */
function plain(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? formatNumber(value) : String(value).replace("-", "−");
}
