import type { Api } from "../../api/client";

export function GraphView(_: { api: Api }) {
  return <section class="split" aria-label="Graph" />;
}
