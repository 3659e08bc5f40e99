/**
 * What a screen reader is told of new messages. One every few seconds is read out; of a flood only
 * how many there were, and the latest. Whoever is called by name hears it.
 */

export interface Heard {
  /** Of the message. */
  readonly id: string;
  readonly author: string;
  readonly text: string;
  readonly forYou: boolean;
}

/** The least time between two announcements, in milliseconds. */
export const PAUSE = 5_000;

/** So many messages are read out; of more only the number. */
const FEW = 2;

const LONGEST = 140;

export class Announcer {
  #waiting: Heard[] = [];
  #more = 0;
  #last = -Infinity;

  take(heard: Heard): void {
    // Enough to say what there is to say, however much comes.
    if (this.#waiting.length >= FEW + 1) {
      const [drop] = this.#waiting.filter((waiting) => !waiting.forYou);
      this.#more += 1;
      this.#waiting.splice(drop ? this.#waiting.indexOf(drop) : 0, 1);
    }
    this.#waiting.push(heard);
  }

  /** What to say now, at `now` milliseconds; null if nothing. `mentions` leaves out what is for others. */
  due(now: number, mentions = false): string | null {
    if (mentions) {
      this.#waiting = this.#waiting.filter(({ forYou }) => forYou);
      this.#more = 0;
    }
    if (this.#waiting.length === 0 || now - this.#last < PAUSE) return null;
    const [waiting, count] = [this.#waiting, this.#waiting.length + this.#more];
    this.#waiting = [];
    this.#more = 0;
    this.#last = now;
    if (count <= FEW) return waiting.map(read).join(" ");
    const named = waiting.filter(({ forYou }) => forYou).slice(-1);
    const told = named.length > 0 ? named : waiting.slice(-1);
    return `${count} new messages. ${told.map((heard) => (heard.forYou ? read(heard) : `Latest: ${read(heard)}`)).join(" ")}`;
  }

  /** Lets go of what was taken back meanwhile. */
  keep(there: (id: string) => boolean): void {
    this.#waiting = this.#waiting.filter(({ id }) => there(id));
  }

  /** Lets go of what was not said. */
  clear(): void {
    this.#waiting = [];
    this.#more = 0;
  }
}

function read({ author, text, forYou }: Heard): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return forYou ? `${author} to you: ${short}` : `${author}: ${short}`;
}
