/** The longest that the page waits before it tries again, in milliseconds. */
const LONGEST = 30_000;

/**
 * How long to wait before try number `attempt` (from 0), in milliseconds: exponential with full
 * jitter, so that the viewers of a gateway that comes back don't all come at once
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), and never at once.
 * `random` is from 0 to 1.
 */
export function backoff(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST, 500 * 2 ** Math.min(attempt, 16));
  return Math.round(250 + random * (ceiling - 250));
}
