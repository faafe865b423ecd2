// The entry that TensorBoard's page calls. It only wires.

import { render as renderInto } from "preact";
import { type Api, httpApi } from "./api/client";
import { foregroundFirst } from "./api/priority";
import { shareRequests } from "./api/share";
import { App } from "./app";
import { createData } from "./store/data";
import { openWhereLost } from "./store/findings";
import { connectHost, describeDocument } from "./store/host";
import { listenToKeys } from "./store/keyboard";
import { pageKeys } from "./store/keys";
import { askMeanings } from "./store/meanings";
import { forgetProblemsOnReload, gatherProblems } from "./store/problems";
import { watchRunMarks } from "./store/run_marks";
import { shownRun, view } from "./store/selection";
import { runPlayback, watchNewestStep } from "./store/step";
import { syncUrl } from "./store/url";
import { STYLES } from "./styles";
import { adopt, applyTheme } from "./theme";
import { SEARCH_BUTTON } from "./views/search";
import { helpOpen } from "./widgets/help";

/** What the views show beside their own data; on the Overview it is the answer itself. */
const BESIDE: readonly (keyof Api)[] = ["findings", "progress", "losses", "learningRates", "watchCost"];

export function render(): void {
  describeDocument();
  adopt(STYLES);
  applyTheme();
  connectHost();
  syncUrl();

  forgetProblemsOnReload();
  const api = gatherProblems(shareRequests(foregroundFirst(httpApi(), mayWait)));
  createData(api);
  askMeanings(api);
  openWhereLost();
  watchRunMarks(api);
  watchNewestStep(() => shownRun.value?.name ?? null);
  runPlayback();

  const keys = pageKeys(
    () => {
      helpOpen.value = true;
    },
    () => document.querySelector<HTMLElement>(`.${SEARCH_BUTTON}`)?.click(),
  );
  // After the keys of views, which listen to the document: what a view uses is not the page's.
  listenToKeys(keys, window);
  renderInto(<App api={api} keys={keys} />, document.body);
}

function mayWait(route: keyof Api): boolean {
  return route === "meanings" || (view.peek() !== "overview" && BESIDE.includes(route));
}
