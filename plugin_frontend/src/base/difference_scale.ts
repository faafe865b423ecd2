// Colours for how many times larger one of two numbers is: symmetric, in powers of ten.

import { linearAxis } from "./axis";
import { type ColourScale, colourScale, decadeRange, signedLut } from "./colour_scale";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Over log₁₀ of ratios; the ends are whole powers of ten, at least one to each side. */
export function differenceScale(logRatios: ArrayLike<number>, dark: boolean): ColourScale {
  const reach = Math.ceil(Math.max(1, decadesOf(logRatios)));
  let max = 0;
  for (let i = 0; i < logRatios.length; i++) max = Math.max(max, Math.abs(logRatios[i] ?? 0) || 0);
  const scale = colourScale("signed", signedLut(dark), linearAxis(-reach, reach), { min: null, max });
  const label = (value: number) => ({ value, label: factorLabel(value), position: scale.position(value) });
  return { ...scale, ticks: () => [-reach, 0, reach].map(label) };
}

/** The decades that nearly all lie in: of 2,000 cells a few may lie beyond. */
function decadesOf(logRatios: ArrayLike<number>): number {
  // decadeRange wants magnitudes; those of the logarithms are what is to be covered.
  const range = decadeRange(Float32Array.from(logRatios, (value) => 10 ** Math.abs(value)));
  return range ? Math.log10(range[1]) : 1;
}

/** "÷100", "same", "×10⁴" */
export function factorLabel(decades: number): string {
  if (decades === 0) return "same";
  const size = Math.abs(decades);
  const power = size < 4 ? (10 ** size).toLocaleString("en-US") : `10${SUPERSCRIPTS[size] ?? size}`;
  return `${decades < 0 ? "÷" : "×"}${power}`;
}
