// The search above the module tree; its results take the tree's place.

import { useMemo } from "preact/hooks";
import { Tree } from "../../widgets/tree";
import type { GraphModel } from "./model";
import { safeName } from "./paint_text";
import { findNodes } from "./search";
import { placeOf } from "./words";

interface SearchBoxProps {
  model: GraphModel;
  query: string;
  onQuery: (query: string) => void;
}

export function SearchBox({ model, query, onQuery }: SearchBoxProps) {
  const keydown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onQuery("");
    else if (event.key === "Enter") {
      const [first] = findNodes(model.graph, model.hierarchy, query);
      if (first !== undefined) model.select(first);
    } else return;
    event.stopPropagation();
  };
  return (
    <input
      class="graph-search"
      type="search"
      placeholder="Find a layer, op or shape  /"
      aria-label="Find a layer, operation or shape"
      value={query}
      onInput={(event) => onQuery(event.currentTarget.value)}
      onKeyDown={keydown}
    />
  );
}

export function Results({ model, query }: { model: GraphModel; query: string }) {
  const found = useMemo(() => findNodes(model.graph, model.hierarchy, query), [model, query]);
  const rows = found.map((id, index) => ({
    id,
    depth: 0,
    expanded: null,
    position: index + 1,
    setSize: found.length,
  }));
  return (
    <>
      <p class="graph-tree-head" aria-live="polite">
        {found.length === 0 ? "Nothing found" : `${found.length} found`}
      </p>
      {found.length > 0 && (
        <Tree
          label="Results"
          rows={rows}
          selected={model.selected.value}
          nameOf={(row) => model.hierarchy.nodes[row.id]?.name ?? ""}
          content={(row) => <ResultRow model={model} id={row.id} />}
          onSelect={(id) => model.select(id)}
          onToggle={() => {}}
        />
      )}
    </>
  );
}

function ResultRow({ model, id }: { model: GraphModel; id: number }) {
  const where = placeOf(model, id);
  return (
    <span class="graph-tree-name" title={where}>
      <bdi>{safeName(model.hierarchy.nodes[id]?.name ?? "")}</bdi>
      <span class="graph-tree-type">{where}</span>
    </span>
  );
}
