// What this view remembers while other views are looked at; what the picture depends on is in the address.

import type { Stage } from "../../api/types";
import { capital } from "../../base/format";
import { computed } from "../../base/signals";
import { sites } from "../../store/data";
import { kept, keptWord } from "../../store/kept";
import { selectedSite, stage } from "../../store/selection";
import { STAGE_WORDS } from "../overview/columns";
import { isSame, type Subject } from "./subject";

export type Drawing = "density" | "bands" | "ridges" | "overlay";

export const drawing = keptWord<Drawing>("drawing", ["density", "bands", "ridges", "overlay"]);
export const valueScale = keptWord("values", ["symlog", "linear", "log"]);
/** Of the sites: as the model has them, or the largest distance first: from another step, or from another run. */
export const order = keptWord("sort", ["depth", "first", "previous", "runs"]);
/** Glob over the names of sites, or a regular expression between slashes. */
export const filter = kept("filter", "", String, String);
/** What is compared in a picture of its own, whichever run, site and stage are looked at. */
export const pins = kept<readonly Subject[]>("pins", [], pinsText, pinsOf);
export const MOST_PINS = 6;

/** As a list of run, group, site and stage. */
function pinsText(all: readonly Subject[]): string {
  return JSON.stringify(all.map(({ run, group, site, stage: of }) => [run, group, site, of]));
}

function pinsOf(text: string): Subject[] | undefined {
  try {
    const all = JSON.parse(text) as [string, string, string, Stage][];
    return all.slice(0, MOST_PINS).map(([run, group, site, of]) => ({ run, group, site, stage: of }));
  } catch {
    return undefined;
  }
}

/** Pins what is not pinned yet, and the reverse; the oldest pin makes room. */
export function togglePin(subject: Subject): void {
  const others = pins.value.filter((each) => !isSame(each, subject));
  const isNew = others.length === pins.value.length;
  pins.value = isNew ? [...others, subject].slice(-MOST_PINS) : others;
}

const SIGNS: Record<Stage, string> = {
  parameter: "w",
  gradient: "g",
  raw_gradient: "g",
  update: "Δw",
  activation: "a",
  tensor: "x",
};

/** A stage in words, and the sign of its values. */
export function wordsOf(stage: Stage): { title: string; word: string; sign: string } {
  const word = STAGE_WORDS[stage];
  return { title: capital(word), word, sign: SIGNS[stage] };
}

const PANELS: readonly Stage[] = ["parameter", "gradient", "update"];
const MOST_PANELS = 3;

/** Stages that were measured. */
export const measuredStages = computed<Stage[]>(() => sites.value.data?.stages ?? []);

/** Stages shown side by side: parameter, gradient, update, as far as they are there; an output has activations. */
export const panelStages = computed<Stage[]>(() => {
  const site = sites.value.data?.sites.find(({ name }) => name === selectedSite.value);
  if (site?.output) return ["activation"];
  const usual = PANELS.filter((each) => measuredStages.value.includes(each));
  return usual.length > 0 ? usual : measuredStages.value.slice(0, MOST_PANELS);
});

/** The stage of the bands and of the panel: the chosen one, else the first that there is. */
export const shownStage = computed<Stage | null>(() => {
  const all = measuredStages.value;
  return all.includes(stage.value) ? stage.value : (all[0] ?? null);
});
