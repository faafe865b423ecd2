// A quiet line under the header: what could not be read. Everything else is shown.

import { describeProblem, problems, summarizeProblems } from "../store/problems";
import { adopt } from "../theme";
import problemsCss from "./problems_strip.css?inline";

adopt(problemsCss);

export function ProblemsStrip() {
  const all = problems.value;
  if (all.length === 0) return null;
  if (all.length === 1) return <p class="problems problems-line">{summarizeProblems(all)}</p>;
  return (
    <details class="problems">
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
