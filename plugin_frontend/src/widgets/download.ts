// Files made in the page.

/** Offers the content as a file. A CSV gets the byte order mark by which spreadsheets know UTF-8. */
export function downloadCsv(name: string, content: string): void {
  downloadBlob(`${name}.csv`, new Blob(["\ufeff", content], { type: "text/csv" }));
}

export function downloadSvg(name: string, content: string): void {
  downloadBlob(`${name}.svg`, new Blob([content], { type: "image/svg+xml" }));
}

export function downloadBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser takes the address over during the click; a later turn is early enough to free it.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
