// The side panel of the findings: why one matters and what people do, or the list of all.

import type { Api } from "../../api/client";
import type { Finding } from "../../api/types";
import { formatCount } from "../../base/format";
import { openFinding, shownFindings } from "../../store/findings";
import { Pin } from "../../widgets/pin";
import { PanelSection, SidePanel } from "../../widgets/side_panel";
import { FindingLinks } from "./cards";
import { StepsBefore } from "./steps_before";

const close = () => {
  openFinding.value = null;
};

/** What is open; null: nothing is. */
export function FindingPanel({ api }: { api: Api }) {
  const open = openFinding.value;
  if (open === "all") return <AllFindings />;
  const finding = open === null ? undefined : shownFindings.value[open];
  return finding && open !== null ? <Explained api={api} finding={finding} index={open} /> : null;
}

function Explained({ api, finding, index }: { api: Api; finding: Finding; index: number }) {
  return (
    <SidePanel
      title={
        <>
          <Pin index={index} /> {finding.title}
        </>
      }
      onClose={close}
    >
      <div class="finding-panel">
        <PanelSection>
          <FindingNote finding={finding} />
          <FindingLinks finding={finding} index={index} />
        </PanelSection>
        <StepsBefore api={api} finding={finding} />
        <PanelSection title="Why it matters">
          <p>{finding.why}</p>
        </PanelSection>
        <PanelSection title="What people do">
          <p>{finding.advice}</p>
          <p>
            <a href={finding.link} target="_blank" rel="noreferrer">
              {finding.source}
            </a>
          </p>
        </PanelSection>
        {finding.sites.length > 1 && <Sites names={finding.sites} />}
      </div>
    </SidePanel>
  );
}

const MOST_SITES = 40;

function Sites({ names }: { names: readonly string[] }) {
  const more = names.length - MOST_SITES;
  return (
    <PanelSection title={`In ${formatCount(names.length)} sites`}>
      <ul>
        {names.slice(0, MOST_SITES).map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
      {more > 0 && <p>and {formatCount(more)} more</p>}
    </PanelSection>
  );
}

function FindingNote({ finding }: { finding: Finding }) {
  return <p class={`finding-note finding-note-${finding.severity}`}>{finding.evidence}</p>;
}

/** What the findings at these positions say, each with its pin. */
export function FindingNotes({ about }: { about: readonly number[] }) {
  if (about.length === 0) return null;
  return (
    <PanelSection>
      {about.map((index) => {
        const finding = shownFindings.value[index];
        return (
          finding && (
            <div key={index} class="site-finding">
              <Pin index={index} />
              <FindingNote finding={finding} />
            </div>
          )
        );
      })}
    </PanelSection>
  );
}

function AllFindings() {
  return (
    <SidePanel title="Findings" subtitle="worst first" onClose={close}>
      <ul class="finding-list">
        {shownFindings.value.map((finding, index) => (
          <li key={`${finding.kind} ${finding.title}`} class="finding-text">
            <h3>
              <Pin index={index} /> {finding.title}
            </h3>
            <p>{finding.evidence}</p>
            <FindingLinks finding={finding} index={index} />
          </li>
        ))}
      </ul>
    </SidePanel>
  );
}
