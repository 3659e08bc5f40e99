import type { Line } from "./log";

/** How many of the latest messages are looked at; more a minute than this nobody reads. */
const LOOKED_AT = 3_000;

/** Messages of the last minute before `now`, in milliseconds since 1970. */
export function perMinute(lines: readonly Line[], now: number): number {
  let count = 0;
  for (let at = lines.length - 1; at >= 0 && count < LOOKED_AT; at--) {
    const line = lines[at];
    if (!line || Date.parse(line.message.sent_at) < now - 60_000) break;
    count += 1;
  }
  return count;
}
