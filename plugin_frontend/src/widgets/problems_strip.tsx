// A quiet line under the header: what could not be read. Everything else is shown.

import type { Problem } from "../api/types";
import { describeProblem, problems, summarizeProblems } from "../store/problems";

export function ProblemsStrip() {
  const all = problems.value;
  if (all.length === 0) return null;
  return (
    <section class="problems" aria-label="What can’t be read">
      {all.length === 1 ? <p>{summarizeProblems(all)}</p> : <ProblemList all={all} />}
    </section>
  );
}

function ProblemList({ all }: { all: readonly Problem[] }) {
  return (
    <details>
      <summary>
        <span>{summarizeProblems(all)}</span>
        <span class="problems-more">Details</span>
      </summary>
      <ul>
        {all.map((problem) => (
          <li key={JSON.stringify(problem)}>
            {describeProblem(problem)}. {problem.hint}
          </li>
        ))}
      </ul>
    </details>
  );
}
