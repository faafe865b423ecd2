// The findings of the shown run: which one is pointed at, which one is explained, and going from one to the next.

import type { Place } from "../api/client";
import type { Finding } from "../api/types";
import { batch, computed, effect, signal, untracked } from "../base/signals";
import { findings } from "./data";
import { column, place, selectedSite, selectedStep, stage, view } from "./selection";
import { goToStep, sampleFrom } from "./step";

/** Worst first; empty while they are on their way. */
export const shownFindings = computed<readonly Finding[]>(() => findings.value.data?.findings ?? []);

/** Position of the finding under the pointer; null: none. */
export const hoveredFinding = signal<number | null>(null);

/** What the side panel explains: a finding by its position, or all of them. */
export const openFinding = signal<number | "all" | null>(null);

/** Position of the finding gone to last, for the keys n and p. */
const visited = signal(-1);

/** Selects a finding's site and step, and the numbers that show it. */
export function goToFinding(index: number): void {
  const finding = shownFindings.value[index];
  if (!finding) return;
  batch(() => {
    visited.value = index;
    openFinding.value = null;
    selectedSite.value = finding.sites[0] ?? null;
    if (finding.picture) {
      stage.value = finding.picture.stage;
      column.value = finding.picture.column;
    }
    goToStep(sampleFrom(finding.step));
  });
}

/**
 * Without a step, a lost run is shown where it was lost: at its end all is NaN. Of each run only what is known at first
 * counts; a page that is looked at never moves by itself.
 */
export function openWhereLost(): () => void {
  let opened: Place | null = null;
  return effect(() => {
    const { data, loading } = findings.value;
    const here = place.peek();
    if (!data || loading || here === opened) return;
    opened = here;
    const [worst] = data.findings;
    if (selectedStep.peek() !== null || worst?.severity !== "critical") return;
    untracked(() => goToStep(sampleFrom(worst.step)));
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
