// The entry that TensorBoard's page calls. It only wires.

import { render as renderInto } from "preact";
import { httpApi } from "./api/client";
import { shareRequests } from "./api/share";
import { App } from "./app";
import { createData } from "./store/data";
import { connectHost, describeDocument } from "./store/host";
import { listenToKeys } from "./store/keyboard";
import { pageKeys } from "./store/keys";
import { forgetProblemsOnReload, gatherProblems } from "./store/problems";
import { shownRun } from "./store/selection";
import { runPlayback, watchNewestStep } from "./store/step";
import { syncUrl } from "./store/url";
import { applyTheme } from "./theme";
import { helpOpen } from "./widgets/help";

export function render(): void {
  describeDocument();
  applyTheme();
  connectHost();
  syncUrl();

  forgetProblemsOnReload();
  const api = gatherProblems(shareRequests(httpApi()));
  createData(api);
  watchNewestStep(() => shownRun.value?.name ?? null);
  runPlayback();

  const keys = pageKeys(() => {
    helpOpen.value = true;
  });
  listenToKeys(keys);
  renderInto(<App api={api} keys={keys} />, document.body);
}
