// The graph of the compared run, beside that of the shown one.

import { useEffect, useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import { computed, useComputed } from "../../base/signals";
import { colourOfRun, useResource } from "../../store/data";
import { keptWord } from "../../store/kept";
import { comparedRuns, shownGroup, shownRun } from "../../store/selection";
import { look } from "../../widgets/canvas";
import { Failure } from "../../widgets/states";
import { mirror } from "./beside";
import { useHealth, useNumbers } from "./colouring";
import { GraphCanvas } from "./graph_canvas";
import type { Health } from "./health";
import { GraphModel } from "./model";

/** Whether both graphs are shown. */
export const sideBySide = keptWord("beside", ["off", "on"]);

/** The compared run whose graph can be shown beside; null: none has one. */
export const otherPlace = computed(() => {
  const group = shownGroup.value?.name;
  const run = comparedRuns.value.find(({ groups }) => groups.some(({ name, kinds }) => name === group && kinds.graph));
  return run && group !== undefined ? { run: run.name, group } : null;
});

interface OtherRunProps {
  api: Api;
  model: GraphModel;
  /** How the shown run's graph is coloured: both have one scale. */
  health: Health;
}

export function OtherRun({ api, model, health }: OtherRunProps) {
  const { data, error } = useResource(otherPlace, (where) => api.graph(where)).value;
  const text = useMemo(() => JSON.stringify(data), [data]);
  const other = useMemo(() => (data ? new GraphModel(data, model) : null), [text, model]);
  useEffect(() => {
    if (!other) return;
    const stop = mirror(model, other);
    return () => {
      stop();
      other.close();
    };
  }, [model, other]);
  const table = useResource(otherPlace, (where) => api.sites(where));
  const numbers = useNumbers(
    api,
    otherPlace,
    useComputed(() => table.value.data),
  );
  const own = useHealth(other, numbers);
  const coloured = useMemo(() => colouredAlike(own, health), [own, health]);
  if (error && !data) return <Failure error={error} />;
  return (
    <div class="graph-well graph-other named">
      <div class="graph-stage">
        {other && <GraphCanvas model={other} health={coloured} />}
        <RunName name={otherPlace.value?.run ?? ""} words={other ? differenceWords(other) : ""} />
      </div>
    </div>
  );
}

/** The same colour means the same in both pictures: there is one legend. */
function colouredAlike(own: Health, shown: Health): Health {
  if (own.scale && shown.scale) return { ...own, scale: shown.scale, paint: shown.paint };
  const colours = new Map(shown.categories.map(({ label, colour }) => [label, colour]));
  const others = colours.get("others") ?? look.value.category5;
  return { ...own, paint: own.paint && { css: (value) => colours.get(own.format(value)) ?? others } };
}

/** Above each of the two pictures. */
export function RunName({ name, words }: { name: string; words: string }) {
  return (
    <p class="graph-run-name">
      <span class="run-dot" style={{ background: colourOfRun(name) }} aria-hidden="true" />
      <bdi>{name}</bdi> <span class="pale">{words}</span>
    </p>
  );
}

export const shownRunName = (): string => shownRun.value?.name ?? "";

/** "2 only here, 3 differ". */
export function differenceWords(model: GraphModel): string {
  const all = [...model.differences.value].filter(([id]) => !model.hierarchy.nodes[id]?.composite);
  const only = all.filter(([, difference]) => difference === "only_here").length;
  const changed = all.length - only;
  if (all.length === 0) return "no difference";
  return [only > 0 && `${only} only here (+)`, changed > 0 && `${changed} differ (≠)`].filter(Boolean).join(", ");
}
