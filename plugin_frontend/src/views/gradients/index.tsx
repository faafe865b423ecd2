import type { Api } from "../../api/client";

export function GradientsView(_: { api: Api }) {
  return <section class="split" aria-label="Gradients" />;
}
