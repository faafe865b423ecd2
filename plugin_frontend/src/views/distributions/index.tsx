import type { Api } from "../../api/client";

export function DistributionsView(_: { api: Api }) {
  return <section class="split" aria-label="Distributions" />;
}
