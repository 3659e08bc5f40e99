/** An emote that many write at the same time: what a crowd does when something happens. */

export interface Combo {
  readonly code: string;
  /** In how many messages. */
  readonly count: number;
}

/** So close together are messages that make a combo, in milliseconds. */
export const WINDOW = 10_000;

/** So many messages make one. */
export const ENOUGH = 3;

/** More than this is not counted: nobody could tell. */
const MOST = 500;

export class Combos {
  #uses: { code: string; at: number }[] = [];

  /** Takes the emotes of a message that came at `now` milliseconds; one that stands there twice counts once. */
  take(codes: readonly string[], now: number): void {
    for (const code of new Set(codes)) this.#uses.push({ code, at: now });
    if (this.#uses.length > MOST) this.#uses.splice(0, this.#uses.length - MOST);
  }

  /** The emote that most wrote lately; of two the one that was written last. Null if not enough did. */
  now(now: number): Combo | null {
    this.#uses = this.#uses.filter(({ at }) => now - at < WINDOW);
    const counts = new Map<string, number>();
    for (const { code } of this.#uses) counts.set(code, (counts.get(code) ?? 0) + 1);
    let best: Combo | null = null;
    for (const { code } of this.#uses) {
      const count = counts.get(code) ?? 0;
      if (count >= ENOUGH && count >= (best?.count ?? 0)) best = { code, count };
    }
    return best;
  }
}
