// Tables for other programs.

/** Lines of fields as CSV; a field that would break its line is quoted. */
export function csvOf(lines: readonly (readonly (string | number)[])[]): string {
  return lines.map((line) => `${line.map(quoted).join(",")}\n`).join("");
}

function quoted(field: string | number): string {
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
