/**
 * What was taken back while a page was away. Who comes back is told of it, but not of any number of acts, and of none if
 * the log has gone on too far: then the log itself shows what is left of the messages that are here.
 */

import { stretch } from "./api";
import type { Log } from "./log";
import type { ServerFrame } from "./protocol";

/** Who comes back is told of so many acts at least, if there are so many; there may be more. */
export const TOLD = 450;

/** So many messages are looked up at a time, and so often at most, the newest first. */
const COMPARED = 500;
const STEPS = 5;

export class Removals {
  #epoch: string | null = null;
  /** How many acts were told since the hello; null if that is of no interest any more. */
  #told: number | null = null;

  /** `changed` is called when something turns out to be gone that nobody told of. */
  constructor(
    readonly room: string,
    readonly log: Log,
    readonly changed: () => void,
  ) {}

  /** Takes a frame that the log has taken. */
  take(frame: ServerFrame): void {
    switch (frame.type) {
      case "hello":
        this.#told = frame.recovered ? 0 : null;
        // Another log is read from its start.
        if (!frame.recovered && frame.epoch === this.#epoch) this.#look();
        this.#epoch = frame.epoch;
        break;
      case "remove":
      case "clear":
        if (this.#told === null || ++this.#told < TOLD) break;
        this.#told = null;
        this.#look();
        break;
      // What was taken back is told before what was missed.
      case "message":
        this.#told = null;
        break;
    }
  }

  #look(): void {
    // Without an answer the next hello is another occasion.
    void this.#compare().catch(() => {});
  }

  async #compare(): Promise<void> {
    let { first, last } = this.log.extent();
    for (let steps = 0; steps < STEPS && last >= first; steps++) {
      const limit = Math.min(COMPARED, last);
      if (this.log.compare(await stretch(this.room, last - limit, limit))) this.changed();
      last -= limit;
    }
  }
}
