/**
 * Whether the list follows the chat or stands still for its reader. It stands still for as long as
 * there is a reason to: the pointer rests on it, the keyboard moves in it, or it was scrolled away
 * from its end.
 */

export type Reason = "hover" | "key" | "scroll";

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
  /** From the lower edge of what is seen to the end. */
  readonly left: number;
}

/** So close to the end counts as there, in pixels: zoomed pages have fractions of pixels. */
const AT_END = 24;

/** So far from the end is more than rows that grow while they are measured, in pixels. */
const AWAY = 48;

/**
 * What a move of the list means: going back is a reason to stand still, coming to the end takes it
 * away. Whatever grows below, or moves the list forward, is neither.
 */
export function scrolled(follow: Follow, from: Place, to: Place, appended: number): Follow {
  if (to.left <= AT_END) return release(follow, "scroll");
  if (to.top < from.top && to.left > AWAY) return pause(follow, "scroll", appended);
  return follow;
}
