/** What came while nobody looked at the page. */

/** Of so many messages it is known whether they are still there: the page keeps more. */
export const KNOWN = 1_000;

export class Absence {
  /** How many messages came, and how many of them are for its reader. */
  came = $state.raw({ messages: 0, forYou: 0 });
  /** What follows this offset came while its reader was away the last time; null if nothing did. */
  mark = $state<number | null>(null);
  #away = false;
  /** Where its reader left, until it is known that nothing from then is still to come; null if there is nothing to know. */
  #left: number | null = null;
  /** The latest that are counted, oldest first, and whether they are for its reader. */
  readonly #known = new Map<string, boolean>();

  /** The reader goes; the newest that was there has this offset. */
  leave(newest: number | null): void {
    if (this.#away) return;
    this.#away = true;
    this.mark = this.#left = newest;
  }

  /** The reader is back. What came keeps its mark until the next time. */
  back(): void {
    if (this.came.messages === 0) this.mark = null;
    this.#away = false;
    this.came = { messages: 0, forYou: 0 };
    this.#known.clear();
  }

  /**
   * A message of another's has come. One that was `missed` while the connection was lost may be from then, when its
   * reader is back already.
   */
  heard(id: string, forYou: boolean, missed: boolean): void {
    if (this.#away) this.#count(id, forYou);
    else if (!missed) this.complete();
    else if (this.#left !== null) this.mark = this.#left;
  }

  /** What is no longer there, since a moderator took it back, is not counted. */
  keep(there: (id: string) => boolean): void {
    let { messages, forYou } = this.came;
    for (const [id, isForYou] of this.#known) {
      if (there(id)) continue;
      this.#known.delete(id);
      messages -= 1;
      if (isForYou) forYou -= 1;
    }
    this.came = { messages, forYou };
  }

  /** All has come that there is: what is missed from now on was not missed while its reader was away. */
  complete(): void {
    if (!this.#away) this.#left = null;
  }

  /** Offsets count anew. */
  renew(): void {
    this.mark = this.#left = null;
  }

  /** The page's title while its reader is away: what is for them is counted, and that others wrote is a dot. */
  title(title: string): string {
    const { messages, forYou } = this.came;
    if (forYou > 0) return `(${forYou.toLocaleString()}) ${title}`;
    return messages > 0 ? `• ${title}` : title;
  }

  #count(id: string, forYou: boolean): void {
    this.came = { messages: this.came.messages + 1, forYou: this.came.forYou + (forYou ? 1 : 0) };
    this.#known.set(id, forYou);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KNOWN) break;
      this.#known.delete(oldest);
    }
  }
}
