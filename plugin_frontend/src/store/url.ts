// The selection in the address, so that a copied link restores the picture and Back goes back.
// In TensorBoard that is the address of its page: `#torchviz_tb&p.torchviz_tb.step=200&…`.

import type { Stage } from "../api/types";
import { batch, effect } from "../base/signals";
import { hostWindow, visible } from "./host";
import { keptSettings } from "./kept";
import {
  column,
  selectedGroup,
  selectedModule,
  selectedRuns,
  selectedSite,
  selectedStep,
  stage,
  VIEWS,
  view,
} from "./selection";

const PLUGIN = "torchviz_tb";
const PREFIX = `p.${PLUGIN}.`;

/** What the address keeps; what has its default is left out. */
export type Kept = Partial<Record<Selected, string>> & { [setting: string]: string };

type Selected = "view" | "runs" | "group" | "step" | "site" | "stage" | "column" | "module";

const DEFAULTS: Kept = { view: "overview", stage: "gradient", column: "l2" };
const STAGES: readonly string[] = ["parameter", "gradient", "raw_gradient", "update", "activation", "tensor"];
/** A change of these is a place to go back to; steps and the like only replace the address. */
const PLACES = ["view", "runs", "group", "site", "module"] as const;

/** The hash with our part set anew; parts of others stay. */
export function mergeHash(hash: string, kept: Kept): string {
  const foreign = hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part !== "" && part !== PLUGIN && !part.startsWith(PREFIX));
  const own = Object.entries(kept).map(([key, value]) => `${PREFIX}${key}=${encodeURIComponent(value)}`);
  return `#${[PLUGIN, ...own, ...foreign].join("&")}`;
}

/** Our part of a hash; null if the hash is about another plugin. */
export function parseHash(hash: string): Kept | null {
  const [first = "", ...parts] = hash.replace(/^#/, "").split("&");
  if (first !== "" && first !== PLUGIN && !first.startsWith(PREFIX)) return null;
  const pairs = [first, ...parts].filter((part) => part.startsWith(PREFIX)).map(pairOf);
  return Object.fromEntries(pairs) as Kept;
}

function pairOf(part: string): [string, string] {
  const [key = "", ...value] = part.slice(PREFIX.length).split("=");
  return [key, decode(value.join("="))];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Run names may hold any character, so each is encoded before they are joined. */
function currentlyKept(): Kept {
  const all: Record<Selected, string | null> = {
    view: view.value,
    runs: selectedRuns.value.map(encodeURIComponent).join(",") || null,
    group: selectedGroup.value,
    step: selectedStep.value === null ? null : String(selectedStep.value),
    site: selectedSite.value,
    stage: stage.value,
    column: column.value,
    module: selectedModule.value,
  };
  const settings = keptSettings().map((setting) => [setting.key, setting.read()] as const);
  const entries = [...Object.entries(all), ...settings].filter(
    ([key, value]) => value !== null && value !== DEFAULTS[key],
  );
  return Object.fromEntries(entries) as Kept;
}

/** Makes the selection what an address says; what it doesn't name gets its default. */
export function applyKept(kept: Kept): void {
  const step = Number(kept.step);
  batch(() => {
    view.value = VIEWS.find((name) => name === kept.view) ?? "overview";
    selectedRuns.value = kept.runs ? kept.runs.split(",").map(decode) : [];
    selectedGroup.value = kept.group ?? null;
    selectedStep.value = kept.step && Number.isFinite(step) ? step : null;
    selectedSite.value = kept.site ?? null;
    stage.value = STAGES.includes(kept.stage ?? "") ? (kept.stage as Stage) : "gradient";
    column.value = kept.column ?? "l2";
    selectedModule.value = kept.module ?? null;
    for (const setting of keptSettings()) setting.write(kept[setting.key]);
  });
}

/** The window whose address people see and copy. */
function addressWindow(): Window {
  return hostWindow() ?? window;
}

/** A drag changes the step many times a second; the address follows when it rests. */
const REST_MS = 200;

/** Reads the address once, then keeps it and the selection alike; returns the end of it. */
export function syncUrl(): () => void {
  const address = addressWindow();
  let known = "";
  const read = () => {
    const kept = parseHash(address.location.hash);
    if (!kept || !visible.peek()) return;
    known = address.location.hash;
    applyKept(kept);
  };
  read();
  let timer = 0;
  const stop = effect(() => {
    const kept = currentlyKept();
    const seen = visible.value;
    clearTimeout(timer);
    // A hidden frame's address is that of another plugin.
    if (!seen) return;
    timer = window.setTimeout(() => {
      known = write(address, kept, known);
    }, REST_MS);
  });
  address.addEventListener("popstate", read);
  return () => {
    stop();
    clearTimeout(timer);
    address.removeEventListener("popstate", read);
  };
}

/** Writes what is kept; `known` is the hash that was read or written last, and the one that is now is returned. */
function write(address: Window, kept: Kept, known: string): string {
  const { location, history } = address;
  const old = parseHash(location.hash);
  const hash = mergeHash(location.hash, kept);
  if (old === null || hash === location.hash) return location.hash;
  // TensorBoard forgets our part when another tab was shown: coming back is no new place.
  const moved = location.hash === known && PLACES.some((key) => old[key] !== kept[key]);
  // The document's base is not its address: a bare hash would leave the page.
  const url = `${location.pathname}${location.search}${hash}`;
  if (moved) history.pushState(history.state, "", url);
  else history.replaceState(history.state, "", url);
  return hash;
}

/** The address that restores this picture. */
export function currentLink(): string {
  const { location } = addressWindow();
  return `${location.origin}${location.pathname}${location.search}${mergeHash(location.hash, currentlyKept())}`;
}
