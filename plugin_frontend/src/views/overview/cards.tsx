// The findings, worst first: each a card with its evidence, the way to its place, and why it matters.

import type { Api } from "../../api/client";
import type { Finding } from "../../api/types";
import { formatCount } from "../../base/format";
import { goToFinding, hoveredFinding, openFinding, shownFindings } from "../../store/findings";
import { Pin } from "../../widgets/pin";
import { EvidencePicture } from "./evidence_picture";

const MOST_CARDS = 3;
/** What a narrow page shows. */
const FEWEST_CARDS = 2;

export function FindingCards({ api }: { api: Api }) {
  const all = shownFindings.value;
  if (all.length === 0) return null;
  const more = all.length - MOST_CARDS;
  return (
    <section class="finding-cards" aria-label="Findings">
      {all.slice(0, MOST_CARDS).map((finding, index) => (
        <Card key={`${finding.kind} ${finding.title}`} api={api} finding={finding} index={index} />
      ))}
      {all.length > FEWEST_CARDS && <MoreFindings count={more} />}
    </section>
  );
}

/** Narrow pages show fewer cards: the words follow them by way of the style sheet. */
function MoreFindings({ count }: { count: number }) {
  return (
    <button
      type="button"
      class={`link-button more-findings ${count > 0 ? "" : "more-findings-narrow"}`}
      onClick={() => {
        openFinding.value = "all";
      }}
    >
      {count > 0 ? `and ${count} more` : "all findings"}
    </button>
  );
}

function Card({ api, finding, index }: { api: Api; finding: Finding; index: number }) {
  const point = (at: number | null) => () => {
    hoveredFinding.value = at;
  };
  return (
    <article class="finding-card" onPointerEnter={point(index)} onPointerLeave={point(null)}>
      <div class="finding-text">
        <h3>
          <Pin index={index} /> {finding.title}
        </h3>
        <p>{finding.evidence}</p>
        <FindingLinks finding={finding} index={index} />
      </div>
      <EvidencePicture api={api} finding={finding} />
    </article>
  );
}

export function FindingLinks({ finding, index }: { finding: Finding; index: number }) {
  const { sites, step } = finding;
  return (
    <div class="finding-links">
      <button type="button" class="link-button" onClick={() => goToFinding(index)}>
        {sites[0] ? `${sites[0]} · step ${formatCount(step)}` : `Go to step ${formatCount(step)}`}
      </button>
      {openFinding.value !== index && (
        <button
          type="button"
          class="link-button"
          aria-label={`Why? ${finding.title}`}
          onClick={() => {
            openFinding.value = index;
          }}
        >
          Why?
        </button>
      )}
    </div>
  );
}
