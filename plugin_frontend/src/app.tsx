// The frame: header, the current view, step rail.

import type { ComponentType } from "preact";
import type { Api } from "./api/client";
import type { Key } from "./store/keyboard";
import { type View, view } from "./store/selection";
import { DistributionsView } from "./views/distributions";
import { GradientsView } from "./views/gradients";
import { GraphView } from "./views/graph";
import { OverviewView } from "./views/overview";
import { Search } from "./views/search";
import { TensorsView } from "./views/tensors";
import { Header } from "./widgets/header";
import { Help } from "./widgets/help";
import { ProblemsStrip } from "./widgets/problems_strip";
import { WithRuns } from "./widgets/stage_states";
import { StepRail } from "./widgets/step_rail";
import { Tooltip } from "./widgets/tooltip";

const VIEW_COMPONENTS: Record<View, ComponentType<{ api: Api }>> = {
  overview: OverviewView,
  graph: GraphView,
  distributions: DistributionsView,
  gradients: GradientsView,
  tensors: TensorsView,
};

export function App({ api, keys }: { api: Api; keys: readonly Key[] }) {
  const Current = VIEW_COMPONENTS[view.value];
  return (
    <div class="app">
      <Header search={<Search api={api} />} />
      <ProblemsStrip />
      <main class="stage">
        <WithRuns>
          <Current api={api} />
        </WithRuns>
        <Tooltip />
      </main>
      <StepRail />
      <Help keys={keys} />
    </div>
  );
}
