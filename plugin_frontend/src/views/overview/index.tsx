import type { Api } from "../../api/client";

export function OverviewView(_: { api: Api }) {
  return <section class="split" aria-label="Overview" />;
}
