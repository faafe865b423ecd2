// The header: views as tabs, runs, and what concerns the whole page.

import { VIEWS, type View, view } from "../store/selection";
import { adopt } from "../theme";
import headerCss from "./header.css?inline";

adopt(headerCss);

const NAMES: Record<View, string> = {
  overview: "Overview",
  graph: "Graph",
  distributions: "Distributions",
  gradients: "Gradients",
  tensors: "Tensors",
};

export function Header() {
  return (
    <header class="header">
      <nav class="tabs" aria-label="Views">
        {VIEWS.map((name) => (
          <Tab key={name} name={name} />
        ))}
      </nav>
    </header>
  );
}

function Tab({ name }: { name: View }) {
  const current = view.value === name;
  return (
    <button
      type="button"
      class="tab"
      aria-current={current ? "page" : undefined}
      onClick={() => {
        view.value = name;
      }}
    >
      {NAMES[name]}
    </button>
  );
}
