// Finds what repeats in a list: the same period several times in a row.

/** `count` times the `period` numbers from `start` on. */
export interface Repeat {
  start: number;
  period: number;
  count: number;
}

const LONGEST_PERIOD = 24;
export const FEWEST_REPEATS = 3;

/** From left to right, at each place the repeat that covers most; of those the shortest period. O(list × periods). */
export function findRepeats(list: readonly number[], accepts: (repeat: Repeat) => boolean): Repeat[] {
  const longest = Math.min(LONGEST_PERIOD, Math.floor(list.length / FEWEST_REPEATS));
  const matches = Array.from({ length: longest }, (_, index) => matchRuns(list, index + 1));
  const found: Repeat[] = [];
  for (let start = 0; start < list.length; ) {
    const best = longestAt(start);
    if (best) found.push(best);
    start += best ? best.period * best.count : 1;
  }
  return found;

  function longestAt(start: number): Repeat | null {
    let best: Repeat | null = null;
    for (let period = 1; period <= longest; period += 1) {
      const count = Math.floor((matches[period - 1]?.[start] ?? 0) / period) + 1;
      const repeat = { start, period, count };
      if (count < FEWEST_REPEATS || period * count <= (best ? best.period * best.count : 0)) continue;
      if (accepts(repeat)) best = repeat;
    }
    return best;
  }
}

/** For each place how many numbers from there on are equal to those a period later. */
function matchRuns(list: readonly number[], period: number): Int32Array {
  const run = new Int32Array(list.length + 1);
  for (let at = list.length - period - 1; at >= 0; at -= 1) {
    run[at] = list[at] === list[at + period] ? (run[at + 1] ?? 0) + 1 : 0;
  }
  return run;
}
