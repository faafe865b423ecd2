// The Graph view: the model's modules as boxes with the flow of tensors between them, coloured by a statistic.

import { useEffect, useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { GraphAnswer } from "../../api/types";
import { formatCount } from "../../base/format";
import { computed, useComputed, useSignal } from "../../base/signals";
import { sites, useResource } from "../../store/data";
import { shownFindings } from "../../store/findings";
import { currentStep, place, selectedModule, shownGroup } from "../../store/selection";
import { Legend } from "../../widgets/legend";
import { Empty, Failure, Skeleton } from "../../widgets/states";
import { COLOURING_WORDS, colouring, type RunNumbers, useHealth, useNumbers } from "./colouring";
import { formatCompact } from "./facts";
import { GraphBar } from "./graph_bar";
import { GraphCanvas } from "./graph_canvas";
import type { Health } from "./health";
import { useGraphKeys } from "./keys";
import { Minimap } from "./minimap";
import { GraphModel, selectedNode } from "./model";
import { ModuleTree } from "./module_tree";
import { NodePanel } from "./node_panel";
import { differenceWords, OtherRun, otherPlace, RunName, shownRunName, sideBySide } from "./other_run";
import { legendSigns, legendTitle } from "./paint_legend";
import { safeName } from "./paint_text";
import { announce } from "./words";

/** Where the shown group's graph is; null: it has none. */
export const graphPlace = computed<Place | null>(() => (shownGroup.value?.kinds.graph ? place.value : null));

export function GraphView({ api }: { api: Api }) {
  const graph = useResource(graphPlace, (where) => api.graph(where)).value;
  const numbers = useNumbers(
    api,
    place,
    useComputed(() => sites.value.data),
  );
  return <GraphContent api={api} answer={graph.data} error={graph.error} numbers={numbers} />;
}

interface GraphContentProps {
  api: Api;
  answer: GraphAnswer | null;
  error: Error | null;
  numbers: RunNumbers;
}

function GraphContent({ api, answer, error, numbers }: GraphContentProps) {
  if (place.value && !graphPlace.value) return <NoGraph />;
  if (error && !answer) return <Failure error={error} />;
  if (!answer) return place.value ? <Skeleton /> : <NoGraph />;
  return <GraphPage api={api} answer={answer} numbers={numbers} />;
}

function NoGraph() {
  return (
    <Empty
      title="No graph was recorded"
      lines={["The graph is captured during the first training step after watch, or from an example input:"]}
      code={"writer.watch(model, optimizer)\n# or\nwriter.add_graph(model, example_input)"}
    />
  );
}

function GraphPage({ api, answer, numbers }: { api: Api; answer: GraphAnswer; numbers: RunNumbers }) {
  const model = useMemo(() => new GraphModel(answer), [answer]);
  useEffect(() => () => model.close(), [model]);
  const [wanted, wantedNode] = [selectedModule.value, selectedNode.value];
  useEffect(() => {
    if (wantedNode === "") model.selectPath(wanted);
    else model.selectKey(wantedNode);
  }, [model, wanted, wantedNode]);
  usePins(model);
  const treeShown = useSignal(false);
  useGraphKeys(model);
  const health = useHealth(model, numbers);
  const selected = model.selected.value;
  const name = COLOURING_WORDS[colouring.value];
  const beside = sideBySide.value === "on" && otherPlace.value !== null;
  return (
    <section class="split" aria-label="Graph">
      <div class={`graph-side ${treeShown.value ? "shown" : ""}`}>
        <ModuleTree model={model} health={health} title={colouring.value === "none" ? "" : name} />
      </div>
      <div class="graph-main">
        <GraphBar
          model={model}
          health={health}
          treeShown={treeShown.value}
          onTree={() => (treeShown.value = !treeShown.value)}
        />
        <div class="graph-wells">
          <div class={`graph-well ${beside ? "named" : ""}`}>
            <div class="graph-stage">
              <GraphCanvas model={model} health={health} />
              {beside && <RunName name={shownRunName()} words={differenceWords(model)} />}
              <Notes answer={answer} />
              <Minimap model={model} health={health} />
            </div>
            <div class="graph-foot">
              <ColourLegend health={health} />
              {!beside && <Totals model={model} />}
            </div>
          </div>
          {beside && <OtherRun api={api} model={model} health={health} />}
        </div>
        <div class="hidden-visually" aria-live="polite">
          {announce(model, selected)}
        </div>
      </div>
      {selected !== null && (
        <NodePanel
          api={api}
          model={model}
          node={selected}
          sites={numbers.sites}
          norms={numbers}
          step={currentStep.value}
        />
      )}
    </section>
  );
}

/** Puts the findings' numbers on their boxes; chains show the block that the worst of theirs is in. */
function usePins(model: GraphModel): void {
  const found = shownFindings.value;
  const table = sites.value.data?.sites;
  useEffect(() => {
    const modules = new Map(table?.map((site) => [site.name, site.module]));
    model.pins.value = found.flatMap(({ sites: names, severity }, index) => {
      const module = modules.get(names[0] ?? "");
      const node = module === undefined ? -1 : model.nodeOf(module);
      return node > 0 ? [{ node, number: index + 1, severity }] : [];
    });
    model.showInstancesOf(model.pins.value.map(({ node }) => node));
  }, [model, found, table]);
}

function Totals({ model }: { model: GraphModel }) {
  const root = model.hierarchy.nodes[0];
  const parameters = model.parameterCounts.get("") ?? 0;
  return (
    <div class="graph-totals">
      {parameters > 0 && <div>{formatCompact(parameters)} parameters</div>}
      {root && root.flops > 0 && <div>{formatCompact(root.flops)}FLOPs forward</div>}
      <div>
        {root && root.operations > 0 && `${formatCount(root.operations)} ops, `}
        {formatCount(model.shown.value)} shown
      </div>
    </div>
  );
}

/** What the capture could not see, said quietly. */
function Notes({ answer }: { answer: GraphAnswer }) {
  const notes = [...answer.notes, ...answer.problems.map((problem) => `${problem.message}. ${problem.hint}`)];
  if (answer.mode === "modules") notes.unshift("No forward pass was recorded: modules without the flow between them.");
  if (answer.dropped_operations > 0) notes.push(`${formatCount(answer.dropped_operations)} operations were not kept.`);
  if (notes.length === 0) return null;
  return (
    <details class="graph-notes">
      <summary>{notes.length === 1 ? "1 note on this graph" : `${notes.length} notes on this graph`}</summary>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </details>
  );
}

function ColourLegend({ health }: { health: Health }) {
  if (!health.paint) return null;
  return (
    <div class="graph-legend">
      <div>{legendTitle(health)}</div>
      {health.scale && <Legend scale={health.scale} />}
      <Categories categories={health.categories} />
      <Legend signs={legendSigns(health)} />
    </div>
  );
}

function Categories({ categories }: { categories: Health["categories"] }) {
  if (categories.length === 0) return null;
  return (
    <ul class="graph-categories">
      {categories.map(({ label, colour }) => (
        <li key={label}>
          <span class="graph-category" style={{ background: colour }} aria-hidden="true" />
          <bdi>{safeName(label)}</bdi>
        </li>
      ))}
    </ul>
  );
}
