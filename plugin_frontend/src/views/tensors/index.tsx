import type { Api } from "../../api/client";

export function TensorsView(_: { api: Api }) {
  return <section class="split" aria-label="Tensors" />;
}
