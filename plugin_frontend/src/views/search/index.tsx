// The search of the header: sites of the selected run, and modules and operations of its graph.

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Api } from "../../api/client";
import type { GraphAnswer, Site } from "../../api/types";
import { formatShape } from "../../base/format";
import { batch, useSignal } from "../../base/signals";
import { buildHierarchy, type Hierarchy } from "../../layout/hierarchy";
import { sites, useResource } from "../../store/data";
import { selectedModule, selectedSite, view } from "../../store/selection";
import { SearchIcon } from "../../widgets/icons";
import { Menu } from "../../widgets/menu";
import { graphPlace } from "../graph";
import { selectedNode } from "../graph/model";
import { nodeKeys } from "../graph/node_keys";
import { safeName } from "../graph/paint_text";
import { findNodes, searchText, wordsOf } from "../graph/search";

/** The header's button; the key / clicks it. */
export const SEARCH_BUTTON = "search-button";
const MOST_OF_A_KIND = 20;

interface Found {
  name: string;
  what: string;
  go: () => void;
}

export function Search({ api }: { api: Api }) {
  return (
    <Menu label="Search" opens="dialog" buttonClass={`icon-button ${SEARCH_BUTTON}`} button={<SearchIcon />}>
      {(close) => <SearchList api={api} close={close} />}
    </Menu>
  );
}

function SearchList({ api, close }: { api: Api; close: () => void }) {
  const query = useSignal("");
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => input.current?.focus(), []);
  const graph = useResource(graphPlace, (where) => api.graph(where)).value.data;
  const hierarchy = useMemo(() => graph && buildHierarchy(graph), [graph]);
  const known = sites.value.data?.sites;
  const found = useMemo(
    () => [
      ...foundSites(known ?? [], query.value),
      ...(graph && hierarchy ? foundNodes(graph, hierarchy, query.value) : []),
    ],
    [known, graph, hierarchy, query.value],
  );
  const choose = (one: Found | undefined) => {
    if (!one) return;
    close();
    batch(one.go);
  };
  return (
    <>
      <input
        ref={input}
        class="run-filter"
        type="search"
        aria-label="Site, operation, type or shape"
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault(); // the focus goes to the button, which would open the list again
          choose(found[0]);
        }}
      />
      {found.length > 0 && (
        <div role="menu" aria-label="Found">
          {found.map((one) => (
            <button
              key={one.what + one.name}
              type="button"
              class="menu-item"
              role="menuitem"
              onClick={() => choose(one)}
            >
              <span class="run-name">{one.name}</span>
              <span class="menu-formula">{one.what}</span>
            </button>
          ))}
        </div>
      )}
      <p class="menu-formula" aria-live="polite">
        {query.value.trim() !== "" && found.length === 0 && "Nothing found"}
      </p>
    </>
  );
}

export function foundSites(all: readonly Site[], query: string): Found[] {
  const words = wordsOf(query);
  if (words.length === 0) return [];
  const fitting = all.filter(({ name, module_type, dtype, shape }) => {
    const text = searchText([name, module_type, dtype], [shape]);
    return words.every((word) => text.includes(word));
  });
  return fitting.slice(0, MOST_OF_A_KIND).map(({ name, module, shape, dtype }) => ({
    name: safeName(name),
    what: `${formatShape(shape)} ${dtype}`,
    go: () => {
      selectedSite.value = name;
      if (view.value === "graph") selectedModule.value = module;
      else if (view.value === "tensors") view.value = "overview";
    },
  }));
}

function foundNodes(graph: GraphAnswer, hierarchy: Hierarchy, query: string): Found[] {
  const nodes = findNodes(graph, hierarchy, query, MOST_OF_A_KIND);
  if (nodes.length === 0) return [];
  const keys = nodeKeys(hierarchy);
  return nodes.flatMap((id): Found[] => {
    const node = hierarchy.nodes[id];
    if (!node) return [];
    const isModule = node.kind === "module";
    const key = keys[id] ?? "";
    return [
      {
        name: safeName(isModule ? node.path : node.name),
        what: safeName(isModule ? node.type : `in ${hierarchy.nodes[node.parent]?.path || "the model"}`),
        go: () => {
          selectedModule.value = isModule ? node.path : null;
          selectedNode.value = key === node.path ? "" : key;
          view.value = "graph";
        },
      },
    ];
  });
}
