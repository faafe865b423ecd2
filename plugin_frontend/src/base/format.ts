// Numbers, sizes and names as text: two or three significant digits, true minus, grouped thousands.

const MINUS = "−";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

/** "0.0042", "61.4", "12,345", "1.2e−6", "+Inf", "NaN": short enough for a table cell. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : `${MINUS}Inf`;
  if (value === 0) return "0";
  return (value < 0 ? MINUS : "") + formatMagnitude(Math.abs(value));
}

function formatMagnitude(value: number): string {
  if (value < 1e-3 || value >= 99_999.5) return value.toExponential(1).replace("e+", "e").replace("-", MINUS);
  if (value >= 999.5) return GROUPED.format(value);
  return value.toPrecision(value < 9.95 ? 2 : 3);
}

/** A value among others of its tensor: whole numbers, as of tokens and masks, without decimals. */
export function formatCell(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e5 ? formatCount(value) : formatNumber(value);
}

/** Every digit that the number has: for read-outs and files. */
export function formatExact(value: number): string {
  return Number.isFinite(value) ? String(value).replaceAll("-", MINUS) : formatNumber(value);
}

/** The fewest digits that say which float32 it is: 0.95, not 0.949999988. */
export function formatFloat(value: number): string {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return formatExact(Number(value.toPrecision(digits ?? 9)));
}

/** "3,072": whole numbers in full. */
export function formatCount(value: number): string {
  return (value < 0 ? MINUS : "") + GROUPED.format(Math.abs(value));
}

/** With a capital letter first. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "1 site", "3,072 sites". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** "1.8 %", "41 %", "100 %": a share between 0 and 1. Only all is 100 %, only nothing is 0 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent > 99) return `${(Math.floor(percent * 10) / 10).toFixed(1)} %`;
  return `${percent < 9.95 ? percent.toPrecision(2) : percent.toFixed(0)} %`;
}

/** A tick of a logarithmic axis: powers of ten plain from 0.01 to 100, else as "10⁻³". */
export function formatPower(value: number): string {
  const exponent = Math.round(Math.log10(Math.abs(value)));
  const isPower = value !== 0 && Math.abs(Math.abs(value) / 10 ** exponent - 1) < 1e-9;
  if (!isPower) return formatNumber(value);
  const sign = value < 0 ? MINUS : "";
  if (exponent >= -2 && exponent <= 2) return sign + String(10 ** exponent);
  return `${sign}10${superscript(exponent)}`;
}

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return (exponent < 0 ? "⁻" : "") + digits;
}

/** "512 B", "1.5 MB": decimal units. */
export function formatBytes(bytes: number): string {
  const unit = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const scaled = bytes / 1000 ** unit;
  return `${unit === 0 || scaled >= 100 ? scaled.toFixed(0) : scaled.toPrecision(2)} ${BYTE_UNITS[unit]}`;
}

/** "64 × 1 × 3 × 3"; a tensor without axes is a "scalar". */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.map(String).join(" × ");
}

/** A dotted path as its pale beginning and its last two parts, which are set dark. */
export function splitName(path: string): [pale: string, dark: string] {
  const parts = path.split(".");
  const pale = parts.slice(0, -2).join(".");
  return [pale && `${pale}.`, parts.slice(-2).join(".")];
}

/** The text, or its two ends around an ellipsis, in at most `length` characters; the end keeps the larger half. */
export function middleEllipsis(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = Math.floor((length - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`;
}
