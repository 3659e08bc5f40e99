/** Times, and clocks that may be wrong. */

/** The time of day at which a message came. One formatter for all: making one costs more than using it. */
const format = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export const timeOfDay = (at: string): string => {
  const time = Date.parse(at);
  return Number.isNaN(time) ? "" : format.format(time);
};

/**
 * The time, in milliseconds since 1970, by the clock as it was when the page was loaded: whether that is right or set anew
 * meanwhile, this goes on evenly.
 */
export const steady = (): number => performance.timeOrigin + performance.now();

/** By how much the server's clock is ahead of `steady`, in milliseconds; none until it is known. */
let ahead = 0;

/** Takes the header `Date` of an answer that has just come: to a second, what the server's clock says. */
export function told(date: string | null): void {
  const at = date === null ? NaN : Date.parse(date);
  if (!Number.isNaN(at)) ahead = at - steady();
}

/**
 * The time by the server's clock, in milliseconds since 1970; up to a second and an answer's way too early. `steady` may
 * stand still while the machine sleeps (https://www.w3.org/TR/hr-time-3/): this is right again with the first answer.
 */
export const serverTime = (): number => steady() + ahead;

/** When it was by `steady` what the server's clock puts at this time. What is told here was: it is never still to come. */
export const steadily = (at: string): number => Math.min(steady(), Date.parse(at) - ahead);
