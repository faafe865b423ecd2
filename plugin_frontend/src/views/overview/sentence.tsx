// The settings of the map, read as a sentence whose dashed words are menus; the legend beside it.

import { type Stage, State } from "../../api/types";
import type { ColourScale } from "../../base/colour_scale";
import { column, stage } from "../../store/selection";
import { Legend, type Sign } from "../../widgets/legend";
import { WordMenu } from "../../widgets/menu";
import { columnsOf, hasScaleChoice, type ScaleKind, STAGE_WORDS } from "./columns";
import type { Order } from "./map_rows";
import type { RunData } from "./run_data";
import { order, scaleKind } from "./settings";

const SCALES: { value: ScaleKind; label: string }[] = [
  { value: "log", label: "log" },
  { value: "linear", label: "linear" },
];
const ORDERS: { value: Order; label: string; formula: string }[] = [
  { value: "model", label: "model order", formula: "grouped by module" },
  { value: "size", label: "order of size", formula: "largest at any step first" },
];

export function Sentence({ data, scale }: { data: RunData; scale: ColourScale }) {
  return (
    <div class="overview-controls">
      <p class="sentence">
        Each row is a site: <ColumnMenu data={data} /> of its <StageMenu data={data} />,{" "}
        {hasScaleChoice(data.column) && (
          <>
            <WordMenu label="Scale" value={scaleKind.value} options={SCALES} onChange={setScale} /> scale,{" "}
          </>
        )}
        in <WordMenu label="Order of the rows" value={order.value} options={ORDERS} onChange={setOrder} />
      </p>
      <Legend scale={scale} signs={signsIn(data)} />
    </div>
  );
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
