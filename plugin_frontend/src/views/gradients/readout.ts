// What the flow and the gallery say about a site, and how one is selected.

import { formatNumber } from "../../base/format";
import { currentStep, panelOpen, selectedSite } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { showTooltip } from "../../widgets/tooltip";
import type { RunFlow } from "./flow_data";
import { medianBefore, normAt, normWords, type RunNorms } from "./norms";

export function selectSite(site: string): void {
  selectedSite.value = site;
  panelOpen.value = true;
}

/** Here, before, in the other runs: is this unusual? */
export function showNorm(norms: readonly RunNorms[], site: string, x: number, y: number, announced: boolean): void {
  const [shown, ...compared] = norms;
  const step = currentStep.value ?? 0;
  if (!shown) return;
  showTooltip({
    x,
    y,
    announced,
    title: site,
    rows: [
      [`step ${step}`, normWords(normAt(shown, site, step)), "gradient norm"],
      ["before", formatNumber(medianBefore(shown, site, step)), "median of the steps before"],
      ...compared.map((run): [string, string, string] => [run.run, normWords(normAt(run, site, step)), "same step"]),
    ],
  });
}

/** As `showNorm`, of what the flow measures, before and after clipping. */
export function showFlow(
  [shown, ...compared]: Readonly<Runs<RunFlow>>,
  what: string,
  site: string,
  x: number,
  y: number,
  announced: boolean,
): void {
  const step = currentStep.value ?? 0;
  const { after, before } = shown;
  const first = before ?? after;
  showTooltip({
    x,
    y,
    announced,
    title: site,
    rows: [
      [`step ${step}`, normWords(normAt(first, site, step)), `gradient ${what}${before ? " before clipping" : ""}`],
      ...(before ? [["", normWords(normAt(after, site, step)), "after clipping"] as [string, string, string]] : []),
      ["before", formatNumber(medianBefore(first, site, step)), "median of the steps before"],
      ...compared.map((run): [string, string, string] => [
        run.after.run,
        normWords(normAt(run.before ?? run.after, site, step)),
        "same step",
      ]),
    ],
  });
}
