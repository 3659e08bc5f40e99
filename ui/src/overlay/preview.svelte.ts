/** Messages as they would come, for the preview. */

import { anyOwn } from "../lib/emote";
import type { Options } from "./options";
import { AT_FIRST, sample } from "./samples";
import { add, at, enter, shows, type Shown } from "./stage";

/** How often somebody says something in the preview, in milliseconds. */
const PACE = 1_500;

/** How often it is looked what has faded out, in milliseconds. */
const TICK = 250;

export class Preview {
  rows = $state.raw<readonly Shown[]>([]);
  paused = $state(false);
  #said = 0;
  #begun = 0;

  /** Says something now and then, as the options say at that time, until the function that it gives is called. */
  start(options: () => Options): () => void {
    this.again(options());
    const saying = setInterval(() => {
      if (!this.paused) this.#say(options());
    }, PACE);
    const fading = setInterval(() => {
      if (!this.paused) this.rows = at(this.rows, Date.now());
    }, TICK);
    return () => {
      clearInterval(saying);
      clearInterval(fading);
    };
  }

  /** Begins anew, as the options are now: what was said already was chosen by the earlier ones. */
  again(options: Options): void {
    this.rows = [];
    this.#begun = this.#said - (this.#said % AT_FIRST);
    this.#said = this.#begun;
    while (this.#said < this.#begun + AT_FIRST) this.#say(options);
  }

  #say(options: Options): void {
    const now = Date.now();
    const { message, answered } = sample(this.#said, now, anyOwn());
    const offset = ++this.#said;
    if (shows(message, options)) this.rows = add(this.rows, [enter(offset, message, answered, now, options)], options);
  }
}
