// The frame: header, the current view, step rail.

import type { ComponentType } from "preact";
import type { Api } from "./api/client";
import { type View, view } from "./store/selection";
import { DistributionsView } from "./views/distributions";
import { GradientsView } from "./views/gradients";
import { GraphView } from "./views/graph";
import { OverviewView } from "./views/overview";
import { TensorsView } from "./views/tensors";
import { Header } from "./widgets/header";

const VIEW_COMPONENTS: Record<View, ComponentType<{ api: Api }>> = {
  overview: OverviewView,
  graph: GraphView,
  distributions: DistributionsView,
  gradients: GradientsView,
  tensors: TensorsView,
};

export function App({ api }: { api: Api }) {
  const Current = VIEW_COMPONENTS[view.value];
  return (
    <div class="app">
      <Header />
      <main class="stage" id="stage">
        <Current api={api} />
      </main>
    </div>
  );
}
