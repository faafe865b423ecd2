// The header: views as tabs, runs, and what concerns the whole page.

import type { ComponentChildren } from "preact";
import { copyLink } from "../store/clipboard";
import { selectedGroup, shownGroup, shownRun, VIEWS, type View, view } from "../store/selection";
import { useCopied } from "./copied";
import { helpOpen } from "./help";
import { CheckIcon, HelpIcon, LinkIcon } from "./icons";
import { WordMenu } from "./menu";
import { RunChips } from "./run_chips";

const NAMES: Record<View, string> = {
  overview: "Overview",
  graph: "Graph",
  distributions: "Distributions",
  gradients: "Gradients",
  tensors: "Tensors",
};
/** For narrow pages. */
const SHORT_NAMES: Partial<Record<View, string>> = { distributions: "Distrib." };

export function Header({ search }: { search: ComponentChildren }) {
  return (
    <header class="header">
      <h1 class="hidden-visually">TorchViz: {NAMES[view.value]}</h1>
      <nav class="tabs" aria-label="Views">
        {VIEWS.map((name, index) => (
          <Tab key={name} name={name} shortcut={index + 1} />
        ))}
      </nav>
      <div class="header-tools">
        <GroupMenu />
        <RunChips />
        {search}
        <CopyLink />
        <button
          type="button"
          class="icon-button"
          aria-label="Help"
          title="Keys (?)"
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          <HelpIcon />
        </button>
      </div>
    </header>
  );
}

function Tab({ name, shortcut }: { name: View; shortcut: number }) {
  return (
    <button
      type="button"
      class="tab"
      title={`${NAMES[name]} (${shortcut})`}
      aria-label={NAMES[name]}
      data-short={SHORT_NAMES[name]}
      aria-current={view.value === name ? "page" : undefined}
      onClick={() => {
        view.value = name;
      }}
    >
      {NAMES[name]}
    </button>
  );
}

/** Only where a run has several groups with statistics or a graph: two watched models, or tensors given by name. */
function GroupMenu() {
  const groups = (shownRun.value?.groups ?? []).filter(({ kinds }) => kinds.statistics || kinds.graph);
  const current = shownGroup.value;
  if (groups.length < 2 || !current) return null;
  return (
    <WordMenu
      label="Group"
      value={current.name}
      options={groups.map(({ name }) => ({ value: name, label: name }))}
      onChange={(name) => {
        selectedGroup.value = name;
      }}
    />
  );
}

function CopyLink() {
  const [copied, copy] = useCopied(copyLink);
  return (
    <button
      type="button"
      class="icon-button"
      aria-label="Copy link"
      title="Copy link to this picture (c)"
      onClick={() => copy()}
    >
      {copied.value ? <CheckIcon /> : <LinkIcon />}
      <span class="hidden-visually" aria-live="polite">
        {copied.value && "Link copied"}
      </span>
    </button>
  );
}
