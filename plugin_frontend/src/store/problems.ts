// What could not be read, gathered from all answers of the server.

import type { Api } from "../api/client";
import { everyCall } from "../api/every_call";
import type { Problem } from "../api/types";
import { computed, effect, signal } from "../base/signals";
import { reloads } from "./resource";

const gathered = signal<ReadonlyMap<string, Problem>>(new Map());

/** Records and files that could not be read, each once, in the order in which they were met. */
export const problems = computed<Problem[]>(() => [...gathered.value.values()]);

type Asks = Record<keyof Api, (...parameters: never[]) => Promise<{ problems: Problem[] }>>;

/** The same API; it also notes the problems that its answers list. */
export function gatherProblems(api: Api & Asks): Api {
  return everyCall(api, async (ask) => {
    const answer = (await ask()) as { problems: Problem[] };
    note(answer.problems);
    return answer;
  });
}

/** A reload may find repaired what was damaged: it starts from nothing. */
export function forgetProblemsOnReload(): () => void {
  return effect(() => {
    if (reloads.value > 0) gathered.value = new Map();
  });
}

function note(found: readonly Problem[]): void {
  const old = gathered.peek();
  const added = found.filter((problem) => !old.has(JSON.stringify(problem)));
  if (added.length === 0) return;
  gathered.value = new Map([...old, ...added.map((problem) => [JSON.stringify(problem), problem] as const)]);
}

/** "first, distributions, step 150: its checksum differs" */
export function describeProblem({ run, group, kind, step, message }: Problem): string {
  const where = [run, group === "model" ? null : group, kind, step === null ? null : `step ${step}`];
  return `${where.filter((part) => part !== null && part !== "").join(", ")}: ${message}`;
}

/** One line about all of them. */
export function summarizeProblems(all: readonly Problem[]): string {
  const [first] = all;
  if (!first) return "";
  if (all.length > 1)
    return `${all.length} records can’t be read. Everything else is shown. First: ${describeProblem(first)}.`;
  const head = first.kind === null ? "" : "1 record can’t be read: ";
  return `${head}${describeProblem(first)}. ${first.hint}`.trim();
}
