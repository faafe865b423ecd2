// The saved tensors of the run, at the left.

import type { TensorViewEntry } from "../../api/types";
import { formatShape, middleEllipsis } from "../../base/format";
import { globMatcher } from "../../base/names";
import { chosen, crosshair, filter } from "./state";

interface TensorListProps {
  entries: TensorViewEntry[];
  current: TensorViewEntry | null;
}

export function TensorList({ entries, current }: TensorListProps) {
  const matches = globMatcher(filter.value);
  const shown = entries.filter((entry) => matches(entry.name));
  const count = `${entries.length} tensor${entries.length === 1 ? "" : "s"}`;
  return (
    <nav class="tensor-list" aria-label="Saved tensors">
      <input
        type="search"
        class="tensor-filter"
        aria-label={`Filter ${count}`}
        placeholder={`Filter ${count}`}
        value={filter.value}
        onInput={(event) => {
          filter.value = event.currentTarget.value;
        }}
      />
      <h2>Saved by add_tensor_view</h2>
      <ul>
        {shown.map((entry) => (
          <li key={entry.group}>
            <button
              type="button"
              class="tensor-entry"
              aria-current={entry === current}
              onClick={() => {
                chosen.value = entry.group;
                crosshair.value = null;
              }}
            >
              <b title={entry.name}>{middleEllipsis(entry.name, 20)}</b>
              <span>{formatShape(entry.shape)}</span>
            </button>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="tensor-none">No name fits “{filter.value}”.</p>}
    </nav>
  );
}
