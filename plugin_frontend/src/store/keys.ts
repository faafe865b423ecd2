// What the page's keys do.

import { copyLink } from "./clipboard";
import { moveFinding } from "./findings";
import { closeLast, type Key } from "./keyboard";
import { VIEWS, view } from "./selection";
import { moveStep, togglePlay } from "./step";

const MANY_STEPS = 10;

/** The table that is listened to and that the help sheet shows. */
export function pageKeys(openHelp: () => void, openSearch: () => void): Key[] {
  return [
    { keys: VIEWS.map((_, index) => String(index + 1)), label: "1 – 5", does: "Go to a view", press: goToView },
    { keys: ["/"], label: "/", does: "Search sites, operations, types, shapes", press: openSearch },
    { keys: [","], label: ",", does: "Previous step", press: () => moveStep(-1) },
    { keys: ["."], label: ".", does: "Next step", press: () => moveStep(1) },
    { keys: ["<", ";"], label: "Shift ,", does: "Ten steps back", press: () => moveStep(-MANY_STEPS) },
    { keys: [">", ":"], label: "Shift .", does: "Ten steps on", press: () => moveStep(MANY_STEPS) },
    { keys: [" "], label: "Space", does: "Play the steps, or stop", press: togglePlay },
    { keys: ["n"], label: "n", does: "Next finding", press: () => moveFinding(1) },
    { keys: ["p"], label: "p", does: "Previous finding", press: () => moveFinding(-1) },
    { keys: ["c"], label: "c", does: "Copy the link to this picture", press: copyLink },
    { keys: ["Escape"], label: "Esc", does: "Close what is open", press: closeLast },
    { keys: ["?"], label: "?", does: "Show these keys", press: openHelp },
  ];
}

function goToView({ key }: KeyboardEvent): void {
  view.value = VIEWS[Number(key) - 1] ?? view.value;
}
