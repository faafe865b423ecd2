// Values to colours. Nine stops each, equal steps in OKLab, piecewise linear in sRGB to 256 entries; no warm hue:
// crimson and gold are kept for NaN and Inf.

import { type Axis, type AxisKind, linearAxis, logAxis, symlogAxis } from "./axis";
import type { Tick } from "./ticks";

export type Palette = "magnitude" | "signed";

const STOPS: Record<Palette, { light: string; dark: string }> = {
  magnitude: {
    light: "#e0f7eb #a6e3d0 #6fcac2 #44adba #288eb1 #2b6da4 #314d8e #2a306e #1f154e",
    dark: "#322f58 #384580 #2f609f #1e7fae #1d9db8 #42b9bd #70d4c1 #a9e9d1 #dbfde9",
  },
  signed: {
    light: "#581a88 #824fb4 #aa83d5 #ccb8e4 #efeef1 #aed3b6 #60b178 #2b844b #005729",
    dark: "#dbb4ff #b384e2 #855eaf #58476c #313231 #3b5f46 #3a8d5c #57bd7d #7ded9f",
  },
};
const ENTRIES = 256;
const LOW_PERCENTILE = 0.01;
const HIGH_PERCENTILE = 0.99;

/** Where the finite magnitudes of a picture lie, in whole decades. */
export type Decades = readonly [low: number, high: number];

export interface ColourScale {
  kind: AxisKind;
  palette: Palette;
  domain: readonly [number, number];
  /** Whether values lie beyond the ends, where the end colour is drawn. */
  clamped: { low: boolean; high: boolean };
  /** 0 to 1, clamped; NaN for NaN. */
  position(value: number): number;
  /** Packed as ImageData wants it in a Uint32Array; for a number, so never for NaN. */
  colour(value: number): number;
  css(value: number): string;
  ticks(count?: number): Tick[];
}

const tables = new Map<string, Uint32Array>();

/** The nine stops of a palette as CSS colours. */
export function paletteStops(palette: Palette, dark: boolean): string[] {
  return STOPS[palette][dark ? "dark" : "light"].split(" ");
}

/** 256 packed colours, the page's end first. */
export function magnitudeLut(dark: boolean): Uint32Array {
  return lut("magnitude", dark);
}

/** 256 packed colours from negative to positive; entries 127 and 128 are next to zero. */
export function signedLut(dark: boolean): Uint32Array {
  return lut("signed", dark);
}

function lut(palette: Palette, dark: boolean): Uint32Array {
  const key = `${palette} ${dark}`;
  const known = tables.get(key);
  if (known) return known;
  const stops = paletteStops(palette, dark).map(channels);
  const table = Uint32Array.from({ length: ENTRIES }, (_, entry) => between(stops, entry / (ENTRIES - 1)));
  tables.set(key, table);
  return table;
}

function between(stops: number[][], position: number): number {
  const place = position * (stops.length - 1);
  const index = Math.min(Math.floor(place), stops.length - 2);
  const from = stops[index] ?? [];
  const to = stops[index + 1] ?? [];
  const mixed = from.map((channel, i) => Math.round(channel + ((to[i] ?? 0) - channel) * (place - index)));
  return packed(mixed);
}

function channels(hex: string): number[] {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

function packed([red = 0, green = 0, blue = 0]: number[]): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** A CSS colour "#rrggbb" packed as ImageData wants it in a Uint32Array (little-endian RGBA, opaque). */
export function packColour(hex: string): number {
  return packed(channels(hex));
}

/** Red, green and blue of a packed colour, 0 to 255 each. */
export function channelsOf(colour: number): [number, number, number] {
  return [colour & 255, (colour >>> 8) & 255, (colour >>> 16) & 255];
}

/** A packed colour as CSS. */
export function unpackColour(colour: number): string {
  return `rgb(${channelsOf(colour).join(" ")})`;
}

export interface ScaleOptions {
  dark: boolean;
  /** The range to use instead of that of the values. */
  range?: Decades | null;
  kind?: "linear" | "log";
}

/** Colours for magnitudes: logarithmic over the decades of the values, or linear from 0 to the largest. */
export function magnitudeScale(values: ArrayLike<number>, options: ScaleOptions): ColourScale {
  const extent = magnitudeExtent(values);
  const table = magnitudeLut(options.dark);
  if (options.kind === "linear") {
    return colourScale("magnitude", table, linearAxis(0, options.range?.[1] ?? extent.max ?? 1), extent);
  }
  const [low, high] = options.range ?? decadeRange(values) ?? [1e-3, 1];
  return colourScale("magnitude", table, logAxis(low, high), extent);
}

/** Colours for signed values: symmetric; linear, or logarithmic beyond the lowest decade of their magnitudes. */
export function signedScale(values: ArrayLike<number>, options: ScaleOptions): ColourScale {
  const [low, high] = options.range ?? decadeRange(values) ?? [1e-3, 1];
  const beyond = { min: null, max: magnitudeExtent(values).max };
  if (options.kind === "linear") {
    const end = options.range?.[1] ?? beyond.max ?? 1;
    return colourScale("signed", signedLut(options.dark), linearAxis(-end, end), beyond);
  }
  return colourScale("signed", signedLut(options.dark), symlogAxis(-high, high, low), beyond);
}

interface Extent {
  /** Smallest and largest finite magnitude that is not 0; null: there is none. */
  min: number | null;
  max: number | null;
}

/** Both in one pass. */
export function magnitudeExtent(values: ArrayLike<number>): Extent {
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] ?? Number.NaN);
    if (size > 0 && size < Number.POSITIVE_INFINITY) {
      if (size < min) min = size;
      if (size > max) max = size;
    }
  }
  return max > 0 ? { min, max } : { min: null, max: null };
}

/** A palette along an axis; values beyond it have the colour of its end. `extent` says whether there are any. */
export function colourScale(palette: Palette, table: Uint32Array, axis: Axis, extent: Extent): ColourScale {
  const [low, high] = axis.domain;
  const position = (value: number) => Math.min(1, Math.max(0, axis.position(value)));
  const colour = (value: number) => table[Math.round(position(value) * (ENTRIES - 1))] ?? 0;
  const isAbove = extent.max !== null && extent.max > high;
  return {
    kind: axis.kind,
    palette,
    domain: axis.domain,
    clamped: {
      low: palette === "signed" ? isAbove : extent.min !== null && axis.kind === "log" && extent.min < low,
      high: isAbove,
    },
    position,
    colour,
    css: (value) => unpackColour(colour(value)),
    ticks: (count) => axis.ticks(count),
  };
}

/**
 * From the 1st to the 99th percentile of the finite non-zero magnitudes, rounded out to decades.
 * Null where there is no such value. Takes one pass: only the decades are counted.
 */
export function decadeRange(values: ArrayLike<number>): Decades | null {
  const floors = new DecadeCounts();
  const ceilings = new DecadeCounts();
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i] ?? Number.NaN);
    if (!(size > 0 && size < Number.POSITIVE_INFINITY)) continue;
    const exponent = Math.log10(size);
    // float32 holds powers of ten only nearly; they count as exact.
    const nearest = Math.round(exponent);
    const isPower = Math.abs(exponent - nearest) < 1e-6;
    floors.add(isPower ? nearest : Math.floor(exponent));
    ceilings.add(isPower ? nearest : Math.ceil(exponent));
  }
  if (floors.total === 0) return null;
  const low = floors.quantile(LOW_PERCENTILE);
  const high = ceilings.quantile(HIGH_PERCENTILE);
  return [10 ** Math.min(low, high - 1), 10 ** high];
}

/** A range that covers both. */
export function unionRange(a: Decades | null, b: Decades | null): Decades | null {
  if (!a || !b) return a ?? b;
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

class DecadeCounts {
  static readonly #LOWEST = -324;
  readonly #counts = new Uint32Array(640);
  total = 0;

  add(exponent: number): void {
    const slot = exponent - DecadeCounts.#LOWEST;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    this.total += 1;
  }

  /** The exponent that the q-th part of the values does not exceed. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.total));
    let seen = 0;
    const slot = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return slot + DecadeCounts.#LOWEST;
  }
}
