// Settings that the address keeps beside the selection, so that a copied link opens the same picture.

import { type Signal, signal } from "../base/signals";

export interface KeptSetting {
  key: string;
  /** As text; null: it has its default, and the address leaves it out. */
  read(): string | null;
  /** Takes what the address says; undefined, or what makes no sense, is the default. */
  write(text: string | undefined): void;
}

const settings: KeptSetting[] = [];

/** All that were made so far, in that order. */
export function keptSettings(): readonly KeptSetting[] {
  return settings;
}

/** A setting with one of some words; the first is the default. `key` is its name in the address. */
export function keptWord<T extends string>(key: string, words: readonly [T, ...T[]]): Signal<T> {
  return kept<T>(key, words[0], String, (text) => words.find((word) => word === text));
}

/** A setting of any kind; `parse` gives undefined for what makes no sense. */
export function kept<T>(
  key: string,
  initial: T,
  format: (value: T) => string,
  parse: (text: string) => T | undefined,
): Signal<T> {
  const setting = signal(initial);
  settings.push({
    key,
    read: () => (format(setting.value) === format(initial) ? null : format(setting.value)),
    write: (text) => {
      const value = text === undefined ? initial : (parse(text) ?? initial);
      // An equal value of another identity is no change.
      if (value === initial || format(value) !== format(setting.peek())) setting.value = value;
    },
  });
  return setting;
}
