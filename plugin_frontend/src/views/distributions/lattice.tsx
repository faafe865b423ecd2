// All sites at once: percentile bands over steps as small multiples. Equal blocks are rows of one lattice, everything
// else is grouped by module. A tile has a canvas, and its bands at many steps are asked for, only while it is near the
// view.

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { DistancesAnswer } from "../../api/types";
import type { Axis } from "../../base/axis";
import type { ValueScale } from "../../base/bins";
import type { Rect } from "../../base/cells";
import { middleEllipsis } from "../../base/format";
import { groupByModule, latticeOf } from "../../base/names";
import { type BandSeries, paintBands } from "../../base/paint_bands";
import type { Signal } from "../../base/signals";
import { useSignal } from "../../base/signals";
import { stepColumns } from "../../base/step_columns";
import { indexAtOrBefore } from "../../base/steps";
import { pinOf } from "../../store/findings";
import { currentStep, panelOpen, selectedSite } from "../../store/selection";
import { followNearness, look, useCanvas } from "../../widgets/canvas";
import { PictureMenu } from "../../widgets/picture_menu";
import { Pin } from "../../widgets/pin";
import { moveAmongTiles } from "../../widgets/tile_keys";
import { type PaintTile, tilesSvg } from "../../widgets/tiles_file";
import { hideTooltip, showTooltip } from "../../widgets/tooltip";
import type { KnownBands } from "./bands_in_view";
import { bandAxis, bandRows, bandsCsv } from "./measures";
import { distanceWord, ranked } from "./ranking";

interface LatticeProps {
  bands: KnownBands;
  /** All names; `members` are the indices of those that pass the filter. */
  names: readonly string[];
  members: readonly number[];
  shown: string | null;
  /** What the sites are sorted by; null: nothing, they stand as the model has them. */
  ranking: DistancesAnswer | null;
  scale: ValueScale;
  /** Told which sites are near the view. */
  near: Signal<readonly number[]>;
}

const LABEL_LENGTH = 22;
const BLOCK_LENGTH = 18;

export function Lattice({ bands, names, members, shown, ranking, scale, near }: LatticeProps) {
  const { series } = bands;
  const box = useRef<HTMLDivElement>(null);
  const painters = new Map<string, PaintTile>();
  // The shown one, if the filter leaves it.
  const inTabs = names[members.find((site) => names[site] === shown) ?? members[0] ?? 0];
  const plan = useMemo(() => planOf(names, members, ranking), [names, members, ranking]);
  const tile = (site: number, axis: Axis) => {
    const own = series[site];
    const name = names[site] ?? "";
    if (own) painters.set(String(site), (context, place) => drawBands(context, place, own, axis));
    return (
      own && (
        <Tile
          key={site}
          {...{ site, name, series: own, axis, near }}
          selected={name === shown}
          inTabs={name === inTabs}
        />
      )
    );
  };
  const axisOf = (sites: readonly (number | null)[]) =>
    bandAxis(
      sites.flatMap((site) => (site === null ? [] : (series[site] ?? []))),
      scale,
    );
  return (
    <div class="picture lattice" ref={box}>
      {plan.rows.length > 0 && (
        <div class="lattice-grid" style={{ "--columns": plan.columns.length, "--rows": plan.rows.length }}>
          <LatticeRows plan={plan} axisOf={axisOf} tile={tile} />
        </div>
      )}
      {plan.groups.map(({ module, members: inside }) => (
        <section class="lattice-group" key={module}>
          {!ranking && <h3>{module || "model"}</h3>}
          <div class="lattice-tiles">
            {inside.map((site) => (
              <div key={site}>
                <span class="tile-name" title={names[site]}>
                  {middleEllipsis((names[site] ?? "").slice(module ? module.length + 1 : 0), LABEL_LENGTH)}
                  {ranking && <b> {distanceWord(ranking, site)}</b>}
                </span>
                {tile(site, axisOf([site]))}
              </div>
            ))}
          </div>
        </section>
      ))}
      <PictureMenu
        name={`${bands.key.stage} bands of ${members.length} sites`}
        svg={() => box.current && tilesSvg(box.current, painters)}
        csv={() => bandsCsv(members.map((site) => [names[site] ?? "", series[site]]))}
      />
    </div>
  );
}

interface Plan {
  columns: string[];
  /** Sites of one column share a value axis; modules of their own kind don't. */
  sharedAxes: boolean;
  rows: { block: string; cells: (number | null)[] }[];
  groups: { module: string; members: number[] }[];
}

/** What is a row and what a group; sorted sites are one group. */
function planOf(names: readonly string[], members: readonly number[], ranking: DistancesAnswer | null): Plan {
  const kept = members.map((member) => names[member] ?? "");
  const lattice = ranking ? null : latticeOf(kept);
  const original = (index: number) => members[index] ?? 0;
  const rows = (lattice?.blocks ?? []).map((block, row) => ({
    block,
    cells: (lattice?.cells[row] ?? []).map((cell) => (cell === null ? null : original(cell))),
  }));
  const groups = ranking
    ? [{ module: "", members: ranked(members, ranking) }]
    : groupByModule(kept, lattice?.rest).map((group) => ({ ...group, members: group.members.map(original) }));
  return { columns: lattice?.columns ?? [], sharedAxes: lattice?.kind === "blocks", rows, groups };
}

interface RowsProps {
  plan: Plan;
  axisOf: (sites: readonly (number | null)[]) => Axis;
  tile: (site: number, axis: Axis) => preact.ComponentChildren;
}

function LatticeRows({ plan, axisOf, tile }: RowsProps) {
  const axes = plan.columns.map((_, column) => axisOf(plan.rows.map((row) => row.cells[column] ?? null)));
  return (
    <>
      <span />
      {plan.columns.map((column) => (
        <span class="tile-name" key={column} title={column}>
          {/* Lines break after a part of the path. */}
          {middleEllipsis(column, LABEL_LENGTH).replaceAll(".", ".\u200b")}
        </span>
      ))}
      {plan.rows.map(({ block, cells }) => [
        <span class="lattice-block" key={block} title={block}>
          {middleEllipsis(block || "model", BLOCK_LENGTH)}
        </span>,
        ...cells.map((site, column) => {
          const axis = plan.sharedAxes ? axes[column] : axisOf([site]);
          return site === null || !axis ? <span key={`${block} ${column}`} /> : tile(site, axis);
        }),
      ])}
    </>
  );
}

interface TileProps {
  site: number;
  name: string;
  series: BandSeries;
  axis: Axis;
  selected: boolean;
  /** Whether it is the one tile in the tab order. */
  inTabs: boolean;
  near: Signal<readonly number[]>;
}

const PADDING = 1;

function drawBands(context: CanvasRenderingContext2D, plot: Rect, series: BandSeries, axis: Axis): void {
  paintBands(context, plot, series, axis, stepColumns(series.steps, plot.width), look.value);
}

function Bands({ series, axis }: Pick<TileProps, "series" | "axis">) {
  const draw = useMemo(
    () =>
      (context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }) => {
        drawBands(context, { x: 0, y: PADDING, width, height: height - 2 * PADDING }, series, axis);
      },
    [series, axis],
  );
  return <canvas ref={useCanvas(draw)} />;
}

function Tile({ site, name, series, axis, selected, inTabs, near }: TileProps) {
  const button = useRef<HTMLButtonElement>(null);
  const isNear = useSignal(false);
  useEffect(() => {
    const tell = (isIntersecting: boolean) => {
      isNear.value = isIntersecting;
      const others = near.peek().filter((each) => each !== site);
      if (isIntersecting || others.length < near.peek().length)
        near.value = isIntersecting ? [...others, site] : others;
    };
    const stop = button.current && followNearness(button.current, (entry) => tell(entry.isIntersecting));
    return () => {
      stop?.();
      tell(false);
    };
  }, [isNear, site, near]);
  const pin = pinOf(name);
  const [, median] = bandRows(series, series.steps.length - 1)[0] ?? [];
  const show = (index: number, x: number, y: number, announced: boolean) =>
    showTooltip({ x, y, announced, title: name, rows: bandRows(series, index) });
  const follow = ({ currentTarget, clientX, clientY }: PointerEvent & { currentTarget: Element }) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    show(stepColumns(series.steps, width).indexAt(clientX - left), clientX, clientY, false);
  };
  const tellCurrent = ({ currentTarget }: { currentTarget: Element }) => {
    if (!currentTarget.matches(":focus-visible")) return;
    const { right, top } = currentTarget.getBoundingClientRect();
    show(indexAtOrBefore(series.steps, currentStep.value ?? 0), right, top, true);
  };
  const select = () => {
    selectedSite.value = name;
    panelOpen.value = true;
  };
  return (
    <button
      ref={button}
      type="button"
      class="tile"
      aria-pressed={selected}
      aria-label={`${name}, median at the last step ${median}${pin < 0 ? "" : `, finding ${pin + 1}`}`}
      data-site={site}
      tabIndex={inTabs ? 0 : -1}
      onClick={select}
      onKeyDown={moveAmongTiles}
      onPointerMove={follow}
      onPointerLeave={hideTooltip}
      onFocus={tellCurrent}
      onBlur={hideTooltip}
    >
      {isNear.value && <Bands series={series} axis={axis} />}
      {pin >= 0 && <Pin index={pin} />}
    </button>
  );
}
