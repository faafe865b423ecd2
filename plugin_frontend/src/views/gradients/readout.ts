// What the flow and the gallery say about a site, and how one is selected.

import { formatNumber } from "../../base/format";
import { currentStep, selectedSite } from "../../store/selection";
import { showTooltip } from "../../widgets/tooltip";
import { medianBefore, normAt, normWords, type RunNorms } from "./norms";
import { panelOpen } from "./options";

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
