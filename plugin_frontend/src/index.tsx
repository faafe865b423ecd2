// The entry that TensorBoard's page calls. It only wires.

import { render as renderInto } from "preact";
import { httpApi } from "./api/client";
import { App } from "./app";
import { createData } from "./store/data";
import { adopt, applyTheme } from "./theme";
import themeCss from "./theme.css?inline";
import controlsCss from "./widgets/controls.css?inline";

export function render(): void {
  adopt(themeCss);
  adopt(controlsCss);
  applyTheme();
  const api = httpApi();
  createData(api);
  renderInto(<App api={api} />, document.body);
}
