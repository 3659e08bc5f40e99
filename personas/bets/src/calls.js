/** Its own calls: whether the next thing that happens is a win or a fail. */

/** A call that nothing has answered by then is forgotten. */
const STANDS_MS = 300_000;

/** The side that an event is on; undefined for the others. */
export function side(kind) {
  return kind === "hype" || kind === "fail" ? kind : undefined;
}

/** Counts an event. */
export function count(seen, kind) {
  seen[kind] += 1;
  seen.run = seen.last === kind ? seen.run + 1 : 1;
  seen.last = kind;
}

/** With nothing seen there is nothing to go by. */
export function canCall({ hype, fail }) {
  return hype + fail > 0;
}

/**
 * Calls the next one: each side as likely as it was so far (with one of each beforehand, Laplace's
 * rule of succession), and a run of three or more is expected to break.
 */
export function make({ hype, fail, last, run }, now, rng) {
  const wins = (hype + 1) / (hype + fail + 2);
  if (run >= 3) return { side: last === "fail" ? "hype" : "fail", odds: Math.min(run, 5), at: now };
  const side = rng.chance(wins) ? "hype" : "fail";
  const chance = side === "hype" ? wins : 1 - wins;
  return { side, odds: Math.max(1, Math.min(5, Math.round((1 - chance) / chance))), at: now };
}

/** Whether a call still stands. */
export function isStanding(call, now) {
  return now - call.at <= STANDS_MS;
}
