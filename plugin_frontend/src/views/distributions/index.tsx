// Distributions: one site's values over steps at the top, all sites' bands below, details in the panel.

import { useEffect, useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { DistancesAnswer } from "../../api/types";
import { paletteStops } from "../../base/colour_scale";
import { formatCount, splitName } from "../../base/format";
import { siteMatcher } from "../../base/names";
import { BAND_OPACITY, bandColour } from "../../base/paint_bands";
import { computed, type Signal, useComputed, useSignal } from "../../base/signals";
import { membersOf } from "../../base/stage_sites";
import { indexAtOrBefore } from "../../base/steps";
import { sites } from "../../store/data";
import { currentStep, panelOpen, place, stage as selectedStage, shownGroup } from "../../store/selection";
import { dark } from "../../theme";
import { type Option, WordMenu } from "../../widgets/menu";
import { Segments } from "../../widgets/segments";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { type BandsKey, type KnownBands, useBands } from "./bands_in_view";
import { allSteps, keepOpened, pictured, siteKey, someSteps } from "./data";
import { Lattice } from "./lattice";
import { drawing, filter, measuredStages, order, panelStages, shownStage, valueScale, wordsOf } from "./options";
import { Pinned } from "./pinned";
import { type Against, listedAgainst, otherRun, useDistances, whichSteps } from "./ranking";
import { SitePanel } from "./site_panel";
import { StagePicture } from "./stage_picture";

const DRAWINGS = [
  { value: "density", label: "Density" },
  { value: "bands", label: "Bands" },
  { value: "ridges", label: "Ridges" },
  { value: "overlay", label: "Overlay" },
] as const;
const SCALES = [
  { value: "symlog", label: "symlog" },
  { value: "linear", label: "linear" },
  { value: "log", label: "log |x|" },
] as const;
/** Steps of the bands of all sites of a large log: so many, of a thousand sites, are there in half a second. */
const FEW_STEPS = 32;

/** A number, so that a reload which leaves it makes no other key. */
const fewSteps = computed(() => someSteps(FEW_STEPS).most_steps);
const shownKey = computed<BandsKey | null>(() =>
  place.value && shownStage.value
    ? { place: place.value, stage: shownStage.value, some: fewSteps.value ? { most_steps: fewSteps.value } : {} }
    : null,
);

const siteCount = computed(() => sites.value.data?.sites.length ?? 0);

export function DistributionsView({ api }: { api: Api }) {
  const site = useMemo(siteKey, []);
  useEffect(() => keepOpened(site), [site]);
  // The bands of all sites are the heaviest answer: they are asked for once a picture above them is there.
  const bandsKey = useComputed(() => (pictured.value ? shownKey.value : null));
  const near = useSignal<readonly number[]>([]);
  const bands = useBands(api, bandsKey, siteCount, near);
  const distances = useDistances(api).value.data;
  const { data, error } = bands.value;
  const table = sites.value;
  if (table.error && !table.data) return <Failure error={table.error} />;
  if (table.data && !shownGroup.value?.kinds.distributions?.length) return <NothingMeasured />;
  if (!table.data || !site.value) return <Skeleton />;
  return (
    <div class="split">
      <div class="split-main distributions">
        <TitleRow name={site.value.site} />
        <div class="stage-pictures">
          {panelStages.value.map((each) => (
            <StagePicture key={each} api={api} stage={each} site={site} />
          ))}
        </div>
        <PictureNotes />
        <Pinned api={api} />
        {data && <AllSites bands={data} shown={site.value.site} distances={distances} near={near} />}
        {!data && (error ? <Failure error={error} /> : <Skeleton />)}
      </div>
      {panelOpen.value && <SitePanel api={api} site={site} stage={shownStage} distances={distances} />}
    </div>
  );
}

function NothingMeasured() {
  return (
    <Empty
      title="No distribution in this run yet"
      lines={["Watching a model samples the distributions of its parameters, gradients and updates:"]}
      code="writer.watch(model, optimizer)"
    />
  );
}

function TitleRow({ name }: { name: string }) {
  const [pale, strong] = splitName(name);
  return (
    <div class="distributions-title">
      <h2 title={name}>
        <span class="pale">{pale}</span>
        {strong}
      </h2>
      <span class="spacer" />
      {!panelOpen.value && (
        <button
          type="button"
          class="quiet-button"
          onClick={() => {
            panelOpen.value = true;
          }}
        >
          Details
        </button>
      )}
      <Segments label="Drawing" value={drawing.value} options={DRAWINGS} onChange={(next) => (drawing.value = next)} />
      <span class="sentence">
        values{" "}
        <WordMenu
          label="Value axis"
          value={valueScale.value}
          options={SCALES}
          onChange={(next) => (valueScale.value = next)}
        />
      </span>
    </div>
  );
}

/** What colours and lines of the pictures above mean. */
function PictureNotes() {
  if (drawing.value === "bands") return <StepNote />;
  const stops = paletteStops("magnitude", dark.value).join(", ");
  return (
    <p class="picture-notes">
      <StepNote />
      {drawing.value === "density" ? (
        <>
          density, 0 <i style={{ background: `linear-gradient(to right, ${stops})` }} /> peak of its step
          <span>lines: 5, 50, 95 %</span>
        </>
      ) : (
        "Each outline is relative to its own peak."
      )}
      <span>
        <i class="ash" /> exactly 0
      </span>
    </p>
  );
}

/** A step without distributions shows others': which. */
function StepNote() {
  const now = currentStep.value ?? 0;
  const shown = allSteps.value[indexAtOrBefore(allSteps.value, now)] ?? now;
  if (shown === now) return null;
  const where = shown < now ? "the last one with distributions before" : "the first one with distributions, after";
  return (
    <span class="spacer">
      Step {formatCount(shown)} is shown, {where} step {formatCount(now)}.
    </span>
  );
}

interface AllSitesProps {
  bands: KnownBands;
  shown: string;
  distances: DistancesAnswer | null;
  near: Signal<readonly number[]>;
}

function AllSites({ bands, shown, distances, near }: AllSitesProps) {
  const table = sites.value.data;
  const names = useMemo(() => table?.sites.map(({ name }) => name) ?? [], [table]);
  const pattern = filter.value;
  const ofStage = useMemo(() => membersOf(table?.sites ?? [], bands.key.stage), [table, bands.key.stage]);
  const members = useMemo(() => {
    const fits = siteMatcher(pattern);
    return names.flatMap((name, index) => (fits?.(name) && ofStage.has(index) ? [index] : []));
  }, [names, pattern, ofStage]);
  const ranking = order.value === "depth" ? null : distances;
  const stages = measuredStages.value.map((value) => ({ value, label: wordsOf(value).word }));
  return (
    <section class="all-sites">
      <div class="all-sites-head">
        <p class="sentence">
          {members.length === ofStage.size ? "All" : members.length} sites,{" "}
          <WordMenu
            label="Stage"
            value={bands.key.stage}
            options={stages}
            onChange={(next) => (selectedStage.value = next)}
          />{" "}
          bands over steps, by <OrderMenu />
          {ranking && `, ${whichSteps(ranking)}`}
        </p>
        <BandLegend />
        <input
          type="search"
          class="site-filter"
          placeholder="*.weight or /regex/"
          aria-label="Sites whose names fit: * stands for any text"
          value={pattern}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
      </div>
      {members.length === 0 && <p class="no-match">No site fits “{pattern}”.</p>}
      <Lattice {...{ bands, names, members, shown, ranking, near }} scale={valueScale.value} />
    </section>
  );
}

function OrderMenu() {
  const options: Option<"depth" | Against>[] = [
    { value: "depth", label: "depth" },
    { value: "first", label: "change since the start" },
    { value: "previous", label: "change since the step before" },
  ];
  if (otherRun()) options.push({ value: "runs", label: "difference between the runs" });
  const value = order.value === "depth" ? "depth" : listedAgainst();
  return <WordMenu label="Order" value={value} options={options} onChange={(next) => (order.value = next)} />;
}

function BandLegend() {
  const background = bandColour(dark.value);
  return (
    <ul class="band-legend">
      {(
        [
          ["5–95 %", BAND_OPACITY.outer],
          ["25–75 %", BAND_OPACITY.inner],
          ["median", BAND_OPACITY.median],
        ] as const
      ).map(([label, opacity]) => (
        <li key={label}>
          <i style={{ background, opacity }} />
          {label}
        </li>
      ))}
    </ul>
  );
}
