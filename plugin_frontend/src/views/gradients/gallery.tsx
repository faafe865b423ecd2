// All heatmaps at the step. Blocks are columns under the flow's; what is outside them is grouped by module.

import type { RefObject } from "preact";
import { useMemo } from "preact/hooks";
import { type Heatmap, State } from "../../api/types";
import { drawState, type Rect } from "../../base/cells";
import type { ColourScale } from "../../base/colour_scale";
import { csvOf } from "../../base/csv";
import { formatShape, middleEllipsis } from "../../base/format";
import { paintMatrix } from "../../base/matrix";
import { pinOf } from "../../store/findings";
import { currentStep } from "../../store/selection";
import type { Runs } from "../../store/soon";
import { look, type Size, useCanvas } from "../../widgets/canvas";
import { PictureMenu } from "../../widgets/picture_menu";
import { Pin } from "../../widgets/pin";
import { moveAmongTiles } from "../../widgets/tile_keys";
import { tilesSvg } from "../../widgets/tiles_file";
import { hideTooltip } from "../../widgets/tooltip";
import { deadCount, isDead, mapMatrix } from "./maps";
import { normAt, normWords, type RunNorms } from "./norms";
import { quantity } from "./options";
import { type GalleryPlan, isStrip } from "./plan";
import { selectSite, showNorm } from "./readout";

export interface GalleryData {
  maps: ReadonlyMap<string, Heatmap>;
  /** The shown run first. */
  norms: Readonly<Runs<RunNorms>>;
  /** The colours of a site's map: shared, or its own. */
  scaleOf: (site: string) => ColourScale;
  shapes: ReadonlyMap<string, readonly number[]>;
  selected: string | null;
  /** The one whose map is in the tab order. */
  inTabs: string | undefined;
}

const LABEL_LENGTH = 19;
const NAME_LENGTH = 24;
/** Characters that all columns have together on a narrow page. */
const ROOM = 90;

export function GalleryRows({ plan, data }: { plan: GalleryPlan; data: GalleryData }) {
  const short = shortener(plan.columns.map(({ label }) => label));
  return (
    <>
      <span />
      {plan.columns.map(({ label, sites }) => (
        <span
          key={label}
          class={`gallery-column ${data.selected && sites.includes(data.selected) ? "strong" : ""}`}
          title={label}
        >
          {short(label)}
        </span>
      ))}
      {plan.rows.map(({ label, shape, strip, sites }) => [
        <span class={`gallery-row ${strip ? "strip" : ""}`} key={label} title={`${label}, ${shape}`}>
          {middleEllipsis(label, LABEL_LENGTH)}
          {!strip && <small>{shape}</small>}
        </span>,
        ...sites.map((site, column) =>
          site === null ? (
            <span key={`${label} ${column}`} />
          ) : (
            <MapTile
              key={site}
              site={site}
              strip={isStrip(data.shapes.get(site) ?? [])}
              data={data}
              bare={strip && shape !== ""}
              {...(shape === "" && { name: "" })}
            />
          ),
        ),
      ])}
    </>
  );
}

/** Full paths where they fit over their columns, else their last parts. */
function shortener(labels: readonly string[]): (label: string) => string {
  const room = Math.max(6, Math.floor(ROOM / labels.length));
  if (labels.every((label) => label.length <= room)) return (label) => label;
  return (label) => middleEllipsis(label.split(".").at(-1) ?? label, room);
}

export function GalleryGroups({ plan, data }: { plan: GalleryPlan; data: GalleryData }) {
  return (
    <>
      {plan.groups.map(({ module, sites }) => (
        <section class="gallery-group" key={module}>
          <h3 title={module}>{module || "model"}</h3>
          <div>
            {sites.map((site) => (
              <MapTile
                key={site}
                site={site}
                strip={isStrip(data.shapes.get(site) ?? [])}
                data={data}
                name={site.slice(module ? module.length + 1 : 0)}
              />
            ))}
          </div>
        </section>
      ))}
    </>
  );
}

interface MapTileProps {
  site: string;
  strip: boolean;
  data: GalleryData;
  /** Name under the map, with the shape; may be empty, then the shape alone. */
  name?: string;
  /** Without words under it. */
  bare?: boolean;
}

function MapTile({ site, strip, data, name, bare = false }: MapTileProps) {
  const heatmap = data.maps.get(site) ?? null;
  const [shown] = data.norms;
  const norm = normAt(shown, site, currentStep.value ?? 0);
  const scale = data.scaleOf(site);
  const what = quantity.value;
  const draw = useMemo(() => tilePainter(heatmap, norm.state, what, scale), [heatmap, norm.state, what, scale]);
  const canvas = useCanvas(draw, true);
  const words = normWords(norm);
  const unusual = norm.state !== State.finite;
  const pin = pinOf(site);
  return (
    <div class="map-cell">
      <button
        type="button"
        class={`map-tile ${strip ? "strip" : ""}`}
        aria-pressed={site === data.selected}
        aria-label={`${site}, gradient norm ${words}${pin < 0 ? "" : `, finding ${pin + 1}`}`}
        data-site={site}
        tabIndex={site === data.inTabs ? 0 : -1}
        onKeyDown={moveAmongTiles}
        onClick={() => selectSite(site)}
        onPointerMove={(event) => showNorm(data.norms, site, event.clientX, event.clientY, false)}
        onPointerLeave={hideTooltip}
      >
        <canvas ref={canvas} />
        {pin >= 0 && <Pin index={pin} />}
      </button>
      {!bare && (
        <p>
          {unusual ? <b>{words}</b> : words}
          {heatmap && !isDead(heatmap) && <DeadCount heatmap={heatmap} />}
        </p>
      )}
      {name !== undefined && (
        <p class="map-name" title={site}>
          {[middleEllipsis(name, NAME_LENGTH), formatShape(data.shapes.get(site) ?? [])].filter(Boolean).join(", ")}
        </p>
      )}
    </div>
  );
}

function DeadCount({ heatmap }: { heatmap: Heatmap }) {
  const count = deadCount(heatmap.deadRows) + deadCount(heatmap.deadColumns);
  if (count === 0) return null;
  return (
    <span class="dead-count" title={`${count} rows or columns are exactly 0`}>
      <i /> {count}
    </span>
  );
}

function tilePainter(heatmap: Heatmap | null, state: number, what: typeof quantity.value, scale: ColourScale) {
  return (context: CanvasRenderingContext2D, place: Size | Rect) => {
    const rect = { x: 0, y: 0, ...place };
    if (heatmap) paintMatrix(context, rect, mapMatrix(heatmap, what), scale, look.value);
    // The norm may be there without a heatmap: then the map alone was not measured.
    else drawState(context, rect, state === State.finite ? State.missing : state, look.value);
  };
}

/** All maps as a file. */
export function GalleryMenu({ data, root }: { data: GalleryData; root: RefObject<HTMLElement | null> }) {
  const { maps, norms, scaleOf, shapes } = data;
  const step = currentStep.value ?? 0;
  const all = [...shapes.keys()].map((site) => ({ site, map: maps.get(site), norm: normAt(norms[0], site, step) }));
  const painters = () =>
    new Map(
      all.map(({ site, map, norm }) => [site, tilePainter(map ?? null, norm.state, quantity.value, scaleOf(site))]),
    );
  const lines = () =>
    all.map(({ site, map, norm }) => [
      site,
      norm.value,
      ...[map?.deadRows, map?.deadColumns].map((dead) => (dead ? deadCount(dead) : "")),
    ]);
  return (
    <PictureMenu
      below
      name={`gradient maps at step ${step}`}
      svg={() => root.current && tilesSvg(root.current, painters())}
      csv={() => csvOf([["site", "gradient norm", "rows exactly 0", "columns exactly 0"], ...lines()])}
    />
  );
}
