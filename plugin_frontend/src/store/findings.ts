// The findings of the shown run: which one is pointed at, which one is explained, and going from one to the next.

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Finding } from "../api/types";
import { findings } from "./data";
import { selectedSite, selectedStep, stage, view } from "./selection";
import { goToStep } from "./step";

/** Worst first; empty while they are on their way. */
export const shownFindings = computed<readonly Finding[]>(() => findings.value.data?.findings ?? []);

/** Position of the finding under the pointer; null: none. */
export const hoveredFinding = signal<number | null>(null);

/** What the side panel explains: a finding by its position, or all of them. */
export const openFinding = signal<number | "all" | null>(null);

/** Position of the finding gone to last, for the keys n and p. */
const visited = signal(-1);

/** Selects a finding's site, stage and step. */
export function goToFinding(index: number): void {
  const finding = shownFindings.value[index];
  if (!finding) return;
  batch(() => {
    visited.value = index;
    openFinding.value = null;
    selectedSite.value = finding.sites[0] ?? null;
    if (finding.picture) stage.value = finding.picture.stage;
    goToStep(finding.step);
  });
}

/**
 * A page that was opened on the Overview without a step shows a lost run where it was lost: at its end all is NaN. Only
 * what is known at first counts; a page that is looked at never moves by itself.
 */
export function openWhereLost(): () => void {
  let isOpen = false;
  return effect(() => {
    const { data } = findings.value;
    if (!data || isOpen) return;
    isOpen = true;
    const [worst] = data.findings;
    const isFree = view.peek() === "overview" && selectedStep.peek() === null;
    if (isFree && worst?.severity === "critical") untracked(() => goToStep(worst.step));
  });
}

/** The next or previous finding, explained on the Overview. */
export function moveFinding(by: number): void {
  const count = shownFindings.value.length;
  if (count === 0) return;
  const next = visited.value < 0 && by < 0 ? count - 1 : (visited.value + by + count) % count;
  batch(() => {
    goToFinding(next);
    view.value = "overview";
    openFinding.value = next;
  });
}

/** Position of the finding whose pin a site has; -1: none. One may be about all sites: the first one is to look at. */
export function pinOf(site: string): number {
  return shownFindings.value.findIndex(({ sites }) => sites[0] === site);
}

/** Positions of the findings that are about a site. */
export function findingsOf(site: string): number[] {
  return shownFindings.value.flatMap(({ sites }, index) => (sites.includes(site) ? [index] : []));
}
