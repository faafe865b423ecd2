// Moving the current step: by keys, by play, by hand.

import { computed, effect, signal } from "../base/signals";
import { visible } from "./host";
import { currentStep, selectedStep, steps } from "./selection";

/** Whether the steps are played. */
export const playing = signal(false);

const PLAY_INTERVAL_MS = 100;

/** Position of the current step among the sampled ones (the last that isn't after it); -1: there is none. */
export const stepIndex = computed<number>(() => {
  const now = currentStep.value;
  if (now === null) return -1;
  const after = steps.value.findIndex((step) => step > now);
  return after < 0 ? steps.value.length - 1 : Math.max(0, after - 1);
});

/** Goes to the sampled step at a position. At the end the page follows a run that goes on. */
export function goToIndex(index: number): void {
  const last = steps.value.length - 1;
  const target = Math.min(last, Math.max(0, index));
  selectedStep.value = target === last ? null : (steps.value[target] ?? null);
}

/** Goes to the sampled step nearest to a number. */
export function goToStep(step: number): void {
  const list = steps.value;
  const distance = (index: number) => Math.abs((list[index] ?? 0) - step);
  goToIndex(list.reduce((best, _, index) => (distance(index) < distance(best) ? index : best), 0));
}

/** The first sample that can show what is so since a step; the last one if none has come since. */
export function sampleFrom(step: number): number {
  return steps.value.find((each) => each >= step) ?? steps.value.at(-1) ?? step;
}

export function moveStep(by: number): void {
  playing.value = false;
  goToIndex(stepIndex.value + by);
}

/** Starts or stops; from the last step it starts again at the first. */
export function togglePlay(): void {
  const atEnd = stepIndex.value === steps.value.length - 1;
  if (!playing.value && atEnd) goToIndex(0);
  playing.value = !playing.value && steps.value.length > 1;
}

/** Plays ten samples a second while `playing` and seen; stops at the end. */
export function runPlayback(): () => void {
  return effect(() => {
    if (!playing.value || !visible.value) return;
    const timer = setInterval(() => {
      if (stepIndex.peek() >= steps.peek().length - 1) playing.value = false;
      else goToIndex(stepIndex.peek() + 1);
    }, PLAY_INTERVAL_MS);
    return () => clearInterval(timer);
  });
}

/** When a step was last added while the page looked on, in milliseconds since 1970; null: none was. */
export const newestStepAt = signal<number | null>(null);

/** Watches the newest step of a run; another run's is no news. */
export function watchNewestStep(runName: () => string | null): () => void {
  let known: { run: string | null; last: number | undefined } | null = null;
  return effect(() => {
    const seen = { run: runName(), last: steps.value.at(-1) };
    const same = known !== null && known.run === seen.run;
    if (!same) newestStepAt.value = null;
    else if (known?.last !== undefined && (seen.last ?? 0) > known.last) newestStepAt.value = Date.now();
    known = seen;
  });
}
