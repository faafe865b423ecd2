// Which runs are shown, compared or off, and what a click on one does.

import { comparedRuns, ourRuns, selectedRuns, shownRun } from "./selection";

/** "shown": the run that maps show; "compared": drawn beside it. */
export type RunRole = "shown" | "compared" | "off";

export function roleOf(name: string): RunRole {
  if (shownRun.value?.name === name) return "shown";
  return comparedRuns.value.some((run) => run.name === name) ? "compared" : "off";
}

/** Names now selected; where nothing was chosen yet, the run that is shown. */
function selection(): string[] {
  const existing = selectedRuns.value.filter((name) => ourRuns.value.some((run) => run.name === name));
  if (existing.length > 0) return existing;
  return shownRun.value ? [shownRun.value.name] : [];
}

/** Switches a run on or off. The last one that is on stays. */
export function toggleRun(name: string): void {
  const now = selection();
  const rest = now.filter((other) => other !== name);
  if (rest.length === now.length) selectedRuns.value = [...now, name];
  else if (rest.length > 0) selectedRuns.value = rest;
}

/** Shows a run in maps; the others that are on are compared. */
export function showRun(name: string): void {
  selectedRuns.value = [name, ...selection().filter((other) => other !== name)];
}

/** Compares runs with those that are on. */
export function compare(names: readonly string[]): void {
  selectedRuns.value = [...new Set([...selection(), ...names])];
}

/** Shows a run and nothing else. */
export function showAlone(name: string): void {
  selectedRuns.value = [name];
}
