// The findings, worst first: each a card with its evidence, the way to its place, and why it matters.

import type { Api } from "../../api/client";
import type { Finding } from "../../api/types";
import { formatCount } from "../../base/format";
import { goToFinding, hoveredFinding, openFinding, shownFindings } from "../../store/findings";
import { sampleFrom } from "../../store/step";
import { Pin } from "../../widgets/pin";
import { EvidencePicture } from "./evidence_picture";

const MOST_CARDS = 3;
/** What a narrow page shows. */
const FEWEST_CARDS = 2;

/** Those that came late have a place of one size: what stands below them must not move. */
export function FindingCards({ api, areLate }: { api: Api; areLate: boolean }) {
  const all = shownFindings.value;
  if (all.length === 0) return areLate ? <div class="finding-cards finding-cards-late" /> : null;
  return (
    <section class={`finding-cards ${areLate ? "finding-cards-late" : ""}`} aria-label="Findings">
      {all.slice(0, MOST_CARDS).map((finding, index) => (
        <Card key={`${finding.kind} ${finding.title}`} api={api} finding={finding} index={index} />
      ))}
      {all.length > FEWEST_CARDS && <AllFindings count={all.length} />}
    </section>
  );
}

/** Narrow pages show fewer cards: so all are counted, and three are more only there. */
function AllFindings({ count }: { count: number }) {
  return (
    <button
      type="button"
      class={`link-button more-findings ${count > MOST_CARDS ? "" : "more-findings-narrow"}`}
      onClick={() => {
        openFinding.value = "all";
      }}
    >
      all {count} findings
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
  const sample = sampleFrom(step);
  return (
    <div class="finding-links">
      <button type="button" class="link-button" onClick={() => goToFinding(index)}>
        {sites[0] ? `${sites[0]} · step ` : "Go to step "}
        {formatCount(step)}
        {sample !== step && `, sampled at ${formatCount(sample)}`}
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
