// The settings of the map, read as a sentence whose dashed words are menus; the legend beside it.

import { useMemo } from "preact/hooks";
import { type Stage, State } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { formatCount } from "../../base/format";
import { column, stage, stepRange } from "../../store/selection";
import { Legend, type Sign } from "../../widgets/legend";
import { WordMenu } from "../../widgets/menu";
import { Segments } from "../../widgets/segments";
import { type Column, columnsOf, hasScaleChoice, type ScaleKind, STAGE_WORDS } from "./columns";
import { hasOwnColours, type MapData } from "./map_data";
import type { Order } from "./map_rows";
import type { RunData } from "./run_data";
import { mapShows, order, rowColours, scaleKind } from "./settings";

const SCALES: { value: ScaleKind; label: string }[] = [
  { value: "log", label: "log" },
  { value: "linear", label: "linear" },
];
const ORDERS: { value: Order; label: string }[] = [
  { value: "model", label: "model order" },
  { value: "execution", label: "execution order" },
  { value: "size", label: "order of size" },
];

const ROW_COLOURS = [
  { value: "shared" as const, label: "shared colours" },
  { value: "own" as const, label: "colours of its own" },
];

interface SentenceProps {
  /** The drawn runs, the shown one first. */
  runs: readonly RunData[];
  map: MapData;
  scale: ColourScale;
}

export function Sentence({ runs, map, scale }: SentenceProps) {
  const { data, column: coloured } = map;
  const [shown] = runs;
  const signs = useMemo(() => signsIn(data), [data]);
  return (
    <div class="overview-controls">
      <p class="sentence">
        Each row is a site: <ColumnMenu data={data} /> of its <StageMenu data={data} />,{" "}
        {hasScaleChoice(coloured) && (
          <>
            <WordMenu label="Scale" value={scaleKind.value} options={scalesOf(coloured)} onChange={setScale} /> scale,{" "}
          </>
        )}
        {hasOwnColours(data.column) && (
          <>
            with <WordMenu label="Colours" value={rowColours.value} options={ROW_COLOURS} onChange={setRowColours} />,{" "}
          </>
        )}
        in <WordMenu label="Order of the rows" value={order.value} options={ORDERS} onChange={setOrder} />
        <RangeNote />
      </p>
      {shown && runs.length > 1 && <RunSegments runs={runs} />}
      <Legend scale={scale} signs={signs} />
    </div>
  );
}

/** Which steps are shown, where it isn't all of them, and the way back. */
function RangeNote() {
  const range = stepRange.value;
  if (!range) return null;
  return (
    <>
      , steps {formatCount(range[0])} to {formatCount(range[1])}{" "}
      <button
        type="button"
        class="link-button"
        onClick={() => {
          stepRange.value = null;
        }}
      >
        show all
      </button>
    </>
  );
}

/** The runs that the map can show, and the first against the second. */
function RunSegments({ runs }: { runs: readonly RunData[] }) {
  const [first, second] = runs;
  if (!first || !second) return null;
  const options = [
    { value: "0", label: first.place.run },
    { value: "1", label: second.place.run },
    { value: "difference", label: "difference" },
  ];
  return (
    <Segments
      label="What the map shows"
      value={String(mapShows.value)}
      options={options}
      onChange={(value) => {
        mapShows.value = value === "difference" ? value : Number(value);
      }}
    />
  );
}

function scalesOf({ kind }: Column): typeof SCALES {
  return kind === "signed" ? SCALES.map((one) => (one.value === "log" ? { ...one, label: "symlog" } : one)) : SCALES;
}

function setRowColours(wanted: "shared" | "own"): void {
  rowColours.value = wanted;
}

function setScale(kind: ScaleKind): void {
  scaleKind.value = kind;
}

function setOrder(wanted: Order): void {
  order.value = wanted;
}

function ColumnMenu({ data }: { data: RunData }) {
  return (
    <WordMenu
      label="Statistic"
      value={data.column.value}
      options={columnsOf(data.stage)}
      onChange={(value) => {
        column.value = value;
      }}
    />
  );
}

function StageMenu({ data }: { data: RunData }) {
  return (
    <WordMenu
      label="Stage"
      value={data.stage}
      options={data.stages.map((value: Stage) => ({ value, label: STAGE_WORDS[value] }))}
      onChange={(value) => {
        stage.value = value;
      }}
    />
  );
}

/** The four that are always explained, and what else is in the picture. */
function signsIn({ cells }: RunData): Sign[] {
  const hasNan = cells.state.includes(State.nan);
  const hasFrozen = cells.state.some((state) => state === State.noGradient || state === State.frozen);
  return [
    "zero",
    "infinite",
    "nan",
    ...(hasNan ? ["aftermath" as const] : []),
    "missing",
    ...(hasFrozen ? ["frozen" as const] : []),
  ];
}
