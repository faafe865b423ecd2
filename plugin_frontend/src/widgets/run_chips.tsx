// Runs: shown in maps, compared, or off. Up to two are chips; more, or on a narrow page, are one menu.

import { useEffect } from "preact/hooks";
import type { Finding } from "../api/types";
import { middleEllipsis, plural } from "../base/format";
import { signal } from "../base/signals";
import { colourOfRun } from "../store/data";
import { areMarksSeen, runMarks, worstOf } from "../store/run_marks";
import { compare, roleOf, showAlone, showRun, toggleRun } from "../store/runs";
import { ourRuns, shownRun } from "../store/selection";
import { DownIcon } from "./icons";
import { Menu } from "./menu";

const MOST_CHIPS = 2;
const NARROW = "(width < 900px)";
const FILTER_FROM = 8;
/** Of a name on the closed menu; the end of a run's name tells it from its neighbours. */
const MOST_CHARACTERS = 22;

const narrow = signal(matchMedia(NARROW).matches);
matchMedia(NARROW).addEventListener("change", ({ matches }) => {
  narrow.value = matches;
});

const ROLE_WORDS = { shown: "shown in maps", compared: "compared", off: "off" };

export function RunChips() {
  const runs = ourRuns.value;
  if (runs.length === 0) return null;
  if (runs.length === 1 || (runs.length <= MOST_CHIPS && !narrow.value)) {
    return (
      <fieldset class="run-chips">
        <legend class="hidden-visually">Runs</legend>
        {runs.map((run) => (
          <RunChip key={run.name} name={run.name} />
        ))}
        {runs.length > 1 && <SeeMarks />}
      </fieldset>
    );
  }
  return <RunMenu />;
}

/** A dot in the run's colour; hollow: off. */
export function RunDot({ name, hollow = false }: { name: string; hollow?: boolean }) {
  const colour = colourOfRun(name);
  const style = hollow ? {} : { background: colour, borderColor: colour };
  return <span class="run-dot" aria-hidden="true" style={style} />;
}

/** While it is there, marks are asked for. */
function SeeMarks() {
  useEffect(() => {
    areMarksSeen.value = true;
    return () => {
      areMarksSeen.value = false;
    };
  }, []);
  return null;
}

type RunFindings = readonly Finding[] | undefined;

/** "3 findings", as loud as the worst of them; nothing of a run that is not known to be sick. */
function RunMark({ found = [] }: { found: RunFindings }) {
  const worst = worstOf(found);
  return worst && <span class={`run-mark run-mark-${worst}`}>{plural(found.length, "finding")}</span>;
}

function RunChip({ name }: { name: string }) {
  const role = roleOf(name);
  return (
    <button
      type="button"
      class="run-chip"
      data-role={role}
      aria-pressed={role !== "off"}
      title={`${name}: ${ROLE_WORDS[role]}. Click switches, double-click shows it alone.`}
      onClick={() => toggleRun(name)}
      onDblClick={() => showAlone(name)}
    >
      <RunDot name={name} hollow={role === "off"} />
      <span class="run-name">{name}</span>
      <RunMark found={runMarks.value.get(name)} />
    </button>
  );
}

const filter = signal("");

function RunMenu() {
  const shown = shownRun.value;
  // Read here, as marks that come widen the list, which is then placed anew.
  const marks = runMarks.value;
  if (!shown) return null;
  const others = ourRuns.value.filter((run) => roleOf(run.name) === "compared").length;
  const name = middleEllipsis(shown.name, MOST_CHARACTERS);
  const more = others > 0 && `+${others}`;
  const button = (
    <>
      <RunDot name={shown.name} />
      <span class="run-name">{name}</span>
      {more && <span class="run-others">{more}</span>}
      <DownIcon />
    </>
  );
  return (
    <Menu label={`Runs: ${name} ${more || ""}`} opens="dialog" buttonClass="run-chip run-menu" button={button}>
      {() => (
        <>
          <SeeMarks />
          {ourRuns.value.length >= FILTER_FROM && <RunFilter />}
          <div role="menu" aria-label="Runs">
            <button type="button" class="menu-item" role="menuitem" onClick={() => compare(matchingRuns())}>
              Compare all of these
            </button>
            {matchingRuns().map((run) => (
              <RunRow key={run} name={run} found={marks.get(run)} />
            ))}
          </div>
        </>
      )}
    </Menu>
  );
}

function RunFilter() {
  return (
    <input
      class="run-filter"
      type="search"
      aria-label="Filter runs by a regular expression"
      placeholder="Filter (regex)"
      value={filter.value}
      onInput={(event) => {
        filter.value = event.currentTarget.value;
      }}
    />
  );
}

/** A filter that is not (yet) an expression hides nothing. */
function matchingRuns(): string[] {
  const names = ourRuns.value.map((run) => run.name);
  if (names.length < FILTER_FROM) return names;
  try {
    const expression = new RegExp(filter.value, "i");
    return names.filter((name) => expression.test(name));
  } catch {
    return names;
  }
}

function RunRow({ name, found }: { name: string; found: RunFindings }) {
  const role = roleOf(name);
  return (
    <div class="run-row" role="none">
      <button
        type="button"
        class="menu-item"
        role="menuitemcheckbox"
        aria-checked={role !== "off"}
        onClick={() => toggleRun(name)}
        onDblClick={() => showAlone(name)}
      >
        <RunDot name={name} hollow={role === "off"} />
        <span class="run-name">{name}</span>
        <RunMark found={found} />
        <span class="menu-formula">{ROLE_WORDS[role]}</span>
      </button>
      {role === "compared" && (
        <button type="button" class="quiet-button" role="menuitem" onClick={() => showRun(name)}>
          show
        </button>
      )}
    </div>
  );
}
