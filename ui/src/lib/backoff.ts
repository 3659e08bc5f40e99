/** The longest that the page waits before it tries again, in milliseconds. */
const LONGEST = 30_000;

/** The longest wait before the first try of a page that is alone, in milliseconds. */
const FIRST = 500;

/** Never at once, in milliseconds. */
const SHORTEST = 250;

/** After a restart so many pages come back in a second, however many there are. */
export const A_SECOND = 1_000;

/**
 * How long to wait before try number `attempt` (from 0), in milliseconds: exponential with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), over a spread that grows with the
 * room. All its pages lose their connection in the same moment, and don't know of each other; but each knows how many
 * watched with it. `random` is from 0 to 1.
 */
export function backoff(attempt: number, random: number, viewers = 1): number {
  const spread = Math.max(FIRST, (viewers / A_SECOND) * 1000);
  const ceiling = Math.min(LONGEST, spread * 2 ** Math.min(attempt, 16));
  return Math.round(SHORTEST + random * (ceiling - SHORTEST));
}
