/**
 * Whether the list follows the chat or stands still for its reader. It stands still for as long as
 * there is a reason to: the pointer rests on it, a finger chose a message, the keyboard moves in
 * it, or it was scrolled away from its end.
 */

export type Reason = "hover" | "tap" | "key" | "scroll";

export interface Follow {
  readonly reasons: readonly Reason[];
  /** How many messages there had been when the list came to a stand. */
  readonly since: number;
}

export const FOLLOWING: Follow = { reasons: [], since: 0 };

export const isPaused = (follow: Follow): boolean => follow.reasons.length > 0;

export function pause(follow: Follow, reason: Reason, appended: number): Follow {
  if (follow.reasons.includes(reason)) return follow;
  return { reasons: [...follow.reasons, reason], since: isPaused(follow) ? follow.since : appended };
}

export function release(follow: Follow, reason: Reason): Follow {
  if (!follow.reasons.includes(reason)) return follow;
  const reasons = follow.reasons.filter((other) => other !== reason);
  return reasons.length === 0 ? FOLLOWING : { ...follow, reasons };
}

/** How many messages came since the list stands still. */
export const unseen = (follow: Follow, appended: number): number => (isPaused(follow) ? appended - follow.since : 0);

/** Where a list is scrolled to, in pixels. */
export interface Place {
  /** Of the upper edge of what is seen. */
  readonly top: number;
  /** How much of the list is seen at once. */
  readonly seen: number;
  /** Of the whole list. */
  readonly height: number;
}

/** So close to the end counts as there, in pixels: zoomed pages have fractions of pixels. */
const AT_END = 24;

/** So far from the end is more than rows that grow while they are measured, in pixels. */
const AWAY = 48;

const left = ({ top, seen, height }: Place): number => height - top - seen;

export const isAtEnd = (place: Place): boolean => left(place) <= AT_END;

/**
 * What a move of the list means: that its reader goes back is a reason to stand still, and to come to
 * the end takes it away. A list whose rows come, go or are measured moves by itself, too; that is
 * none, so a move back together with such a change counts only if the reader is known to do it.
 */
export function scrolled(follow: Follow, from: Place, to: Place, byHand: boolean, appended: number): Follow {
  if (isAtEnd(to)) return release(follow, "scroll");
  const still = from.height === to.height && from.seen === to.seen;
  if (to.top < from.top && left(to) > AWAY && (byHand || still)) return pause(follow, "scroll", appended);
  return follow;
}
