// Copying text, and the link to the current picture.

import { currentLink } from "./url";

/** The clipboard needs a page from localhost or over https; elsewhere the old command does it. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

export function copyLink(): Promise<void> {
  return copyText(currentLink());
}
