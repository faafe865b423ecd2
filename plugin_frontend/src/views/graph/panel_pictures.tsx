// What the statistics know of the selected module's main parameter over all steps: values, map, norm.

import { useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { Heatmap, Site, Stage } from "../../api/types";
import { formatCount, formatShape } from "../../base/format";
import { paintMatrix } from "../../base/matrix";
import { type ReadonlySignal, useComputed } from "../../base/signals";
import { indexAtOrBefore } from "../../base/steps";
import { useResource } from "../../store/data";
import { comparedRuns, currentStep, place, shownGroup } from "../../store/selection";
import { dark } from "../../theme";
import { look } from "../../widgets/canvas";
import { Picture } from "../../widgets/picture";
import { PanelSection } from "../../widgets/side_panel";
import { StagePicture } from "../distributions/stage_picture";
import { bySite, mapMatrix, mapScale } from "../gradients/maps";
import { safeName } from "./paint_text";

/** Of the sites of a module the selected one, else the largest. */
export function mainSite(sites: readonly Site[], selected: string | null): Site | null {
  const size = (site: Site): number => site.shape.reduce((product, length) => product * length, 1);
  const chosen = sites.find((site) => site.name === selected);
  return chosen ?? sites.reduce<Site | null>((best, site) => (!best || size(site) > size(best) ? site : best), null);
}

interface PanelPicturesProps {
  api: Api;
  site: ReadonlySignal<string | null>;
  shape: readonly number[];
}

export function PanelPictures({ api, site, shape }: PanelPicturesProps) {
  const kinds = shownGroup.value?.kinds ?? {};
  const name = site.value ?? "";
  return (
    <>
      <Values api={api} site={site} stage="gradient" title={name.slice(name.lastIndexOf(".") + 1)} />
      {kinds.heatmaps?.length && <GradientMap api={api} site={name} shape={shape} />}
    </>
  );
}

interface ValuesProps {
  api: Api;
  site: ReadonlySignal<string | null>;
  stage: Stage;
  title: string;
}

/** What values a site has had over the steps. */
export function Values({ api, site, stage, title }: ValuesProps) {
  const key = useComputed(() =>
    place.value && site.value
      ? { place: place.value, site: site.value, compared: comparedRuns.value.map((run) => run.name) }
      : null,
  );
  if (!shownGroup.value?.kinds.distributions?.length) return null;
  return (
    <PanelSection title={<bdi>{safeName(title)}</bdi>}>
      <div class="graph-panel-picture">
        <StagePicture api={api} stage={stage} site={key} />
      </div>
    </PanelSection>
  );
}

function GradientMap({ api, site, shape }: { api: Api; site: string; shape: readonly number[] }) {
  const step = useComputed(() => {
    const steps = shownGroup.value?.kinds.heatmaps ?? [];
    return steps[indexAtOrBefore(steps, currentStep.value ?? 0)] ?? null;
  });
  const key = useComputed(() => (place.value && step.value !== null ? { where: place.value, step: step.value } : null));
  const { data } = useResource(key, (wanted) => api.heatmaps(wanted.where, wanted.step)).value;
  const heatmap = useMemo(() => (data ? bySite(data).get(site) : undefined), [data, site]);
  if (!data || !heatmap) return null;
  const title = `gradient map at step ${formatCount(data.step)}`;
  return (
    <PanelSection title={title}>
      <p class="pale">{formatShape([...shape])}, mean of each cell, out × in</p>
      <MapPicture heatmap={heatmap} label={`${site}: ${title}`} />
    </PanelSection>
  );
}

function MapPicture({ heatmap, label }: { heatmap: Heatmap; label: string }) {
  return (
    <Picture
      class="graph-panel-map"
      label={label}
      exportName={label}
      draw={(context, size) => {
        const scale = mapScale("mean", heatmap.mean, heatmap.ranges, dark.value);
        paintMatrix(context, { x: 0, y: 0, ...size }, mapMatrix(heatmap, "mean"), scale, look.value);
      }}
    />
  );
}
