// What the view asks for.

import { useMemo } from "preact/hooks";
import type { Api, Place } from "../../api/client";
import type { DistributionsAnswer, SiteAnswer, Some, Stage } from "../../api/types";
import { computed, effect, type ReadonlySignal, signal } from "../../base/signals";
import { colourOfRun, findings, sites, useResource } from "../../store/data";
import { kept } from "../../store/kept";
import type { Fetcher, Resource } from "../../store/resource";
import { comparedRuns, currentStep, place, selectedSite, shownGroup } from "../../store/selection";
import { type Runs, runByRun } from "../../store/soon";
import { useSteadily } from "../../store/steady";
import type { Plot } from "./plot";
import { isSame, type Subject } from "./subject";

/** An answer and the run that it is of; the shown run's is the first. */
export interface OfRun<T> {
  run: string;
  answer: T;
}

interface OfSubject {
  subject: Subject;
  answer: DistributionsAnswer;
}

interface SiteKey {
  place: Place;
  compared: string[];
  site: string;
}

/** Whether a picture of one site was there: it goes before all that is heavier. */
export const pictured = signal(false);

/** As many steps as a picture of them has columns worth looking at. */
export const MOST_STEPS = 128;

/** The site that opened by itself: a new step or another run must not move what is shown, and a link opens it, too. */
const opened = kept("opened", "", String, String);

export const allSteps = computed(() => shownGroup.value?.kinds.distributions ?? []);

/** Sites × steps from which on a log is large: then pictures leave steps out. */
const LARGE = 50_000;

const isLarge = (steps: readonly number[]): boolean => steps.length * (sites.value.data?.sites.length ?? 0) > LARGE;

/** At most so many steps of one site, or of all of them; nothing where a log is not large. */
export const someSteps = (most_steps: number): Some => (isLarge(allSteps.value) ? { most_steps } : {});

/**
 * The site that is shown: the selected one if this group has it, else the one that opened, else that of the worst
 * finding if it is known, else the first.
 */
export function siteKey(): ReadonlySignal<SiteKey | null> {
  const site = computed(() => {
    const names = sites.value.data?.sites.map(({ name }) => name) ?? [];
    const own = [selectedSite.value, opened.value].find((name) => name && names.includes(name));
    const { data, error, loading } = findings.value;
    // Of a large log they take their time, as they look at all statistics: what it has is shown before.
    const areAwaited = (loading || !(data || error)) && !isLarge(shownGroup.value?.kinds.statistics ?? []);
    const worst = data?.findings[0]?.sites[0];
    return own ?? (areAwaited ? undefined : worst && names.includes(worst) ? worst : names[0]);
  });
  let shown: SiteKey | null = null;
  return computed(() => {
    const where = place.value;
    // What was shown stays until it is known what opens.
    if (where && site.value)
      shown = { place: where, site: site.value, compared: comparedRuns.value.map((run) => run.name) };
    return where && shown;
  });
}

/** Keeps what opened by itself. */
export function keepOpened(key: ReadonlySignal<SiteKey | null>): () => void {
  return effect(() => {
    if (key.value && key.value.site !== selectedSite.value) opened.value = key.value.site;
  });
}

/** The shown run's distributions of a site and stage, then the compared ones'. */
export function useDistributions(
  api: Api,
  key: ReadonlySignal<SiteKey | null>,
  stage: ReadonlySignal<Stage | null>,
): ReadonlySignal<Resource<Plot["runs"]>> {
  const subjects = useMemo(
    () =>
      computed(() => {
        if (!key.value || !stage.value) return null;
        const { place: where, compared, site } = key.value;
        const of = { group: where.group, site, stage: stage.value };
        return [where.run, ...compared].map((run) => ({ ...of, run })) as Runs<Subject>;
      }),
    [key, stage],
  );
  return useSubjects(api, subjects, asRun);
}

const asRun = ({ run }: Subject) => ({ label: run, colour: colourOfRun(run) });

/**
 * The distributions of several subjects, without those that can't be had beside the first. Where pictures leave steps out,
 * the current step comes beside them.
 */
export function useSubjects(
  api: Api,
  subjects: ReadonlySignal<Readonly<Runs<Subject>> | null>,
  look: (subject: Subject) => { label: string; colour: string },
): ReadonlySignal<Resource<Plot["runs"]>> {
  const [whole, one] = useMemo(() => {
    const asked = (some: () => Some | null) =>
      computed(() => {
        const steps = some();
        return subjects.value && steps && { all: subjects.value, some: steps };
      });
    return [asked(() => someSteps(MOST_STEPS)), asked(currentAlone)];
  }, [subjects]);
  const ask: Fetcher<{ all: Readonly<Runs<Subject>>; some: Some }, Runs<OfSubject>> = ({ all, some }, show, old) =>
    runByRun(
      all,
      async (subject) => {
        const { run, group, site, stage } = subject;
        return { subject, answer: await api.distributions({ run, group }, site, stage, some) };
      },
      (found) => (old && isSame(old[0].subject, all[0])) || show(found),
    );
  const isPictured = () => {
    pictured.value = true;
  };
  const pictures = useResource(whole, (wanted, show: (found: Runs<OfSubject>) => void, old: Runs<OfSubject> | null) =>
    ask(
      wanted,
      (found) => {
        isPictured();
        show(found);
      },
      old,
    ).finally(isPictured),
  );
  const exact = useSteadily(one, ask);
  return useMemo(
    () =>
      computed(() => {
        const { data, ...rest } = pictures.value;
        const drawn = data?.map(({ subject, answer }) => ({
          run: subject.run,
          ...look(subject),
          answer,
          exact: exact.value.data?.find((each) => isSame(each.subject, subject))?.answer ?? null,
        }));
        return { ...rest, data: (drawn ?? null) as Plot["runs"] | null };
      }),
    [pictures, exact, look],
  );
}

/** The current step, where pictures leave steps out. */
function currentAlone(): Some | null {
  const step = currentStep.value;
  return step !== null && someSteps(MOST_STEPS).most_steps && allSteps.value.length > MOST_STEPS ? { step } : null;
}

export function useSite(
  api: Api,
  key: ReadonlySignal<SiteKey | null>,
): ReadonlySignal<Resource<Runs<OfRun<SiteAnswer>>>> {
  return useResource(key, ({ place: where, compared, site }, show, old) =>
    runByRun(
      [where.run, ...compared],
      async (run) => ({ run, answer: await api.site({ ...where, run }, site) }),
      (found) => old || show(found),
    ),
  );
}
