// What the numbers of the page mean: told once by the server, from which the docs have it too.

import type { Api } from "../api/client";
import type { MeaningsAnswer } from "../api/types";
import { signal } from "../base/signals";

/** By column, and by names of their own; empty until they are there. */
export const meanings = signal<MeaningsAnswer["meanings"]>({});

/** Without an answer the page has no explanations, and lacks nothing else. */
export function askMeanings(api: Api): void {
  api.meanings().then(
    (answer) => {
      meanings.value = answer.meanings;
    },
    () => {},
  );
}
