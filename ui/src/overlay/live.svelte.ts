/** What the overlay shows now. */

import type { ChatMessage, ServerFrame } from "../lib/protocol";
import { Screen } from "../lib/screen";
import { Feed, type Listener } from "./feed";
import type { Options } from "./options";
import { add, at, enter, isOver, nextChange, oldest, only, renewed, shows, since, without, type Shown } from "./stage";

/** A timer counts no further, in milliseconds. */
const FURTHEST = 2 ** 31 - 1;

export class Live implements Listener {
  rows = $state.raw<readonly Shown[]>([]);
  /** Why there is no connection; null if there is one. */
  trouble = $state<string | null>(null);
  readonly #feed: Feed;
  #stage: readonly Shown[] = [];
  readonly #screen = new Screen(() => this.#show());
  #changing: ReturnType<typeof setTimeout> | null = null;

  constructor(
    room: string,
    readonly options: Options,
  ) {
    this.#feed = new Feed(room, options.max, this);
  }

  /** Shows the room until the function that it gives is called. */
  start(): () => void {
    const seen = () => this.#screen.schedule();
    document.addEventListener("visibilitychange", seen);
    this.#feed.start();
    return () => {
      document.removeEventListener("visibilitychange", seen);
      this.#feed.end();
      this.#unschedule();
    };
  }

  connected(why: string | null): void {
    this.trouble = why;
  }

  message(offset: number, message: ChatMessage, isNew: boolean): void {
    if (!shows(message, this.options)) return;
    const now = Date.now();
    const answered = message.reply_to ? this.#feed.find(message.reply_to) : null;
    const shown = enter(offset, message, answered, since(message, isNew, now), this.options);
    // What was said long ago is not shown for a moment.
    if (!isOver(shown, now)) this.#put(add(this.#stage, [shown], this.options));
  }

  frame(frame: ServerFrame): void {
    this.#put(without(this.#stage, frame));
  }

  left(from: number, to: number, ids: ReadonlySet<string>): void {
    this.#put(only(this.#stage, from, to, ids));
  }

  renewed(): void {
    this.#put(renewed(this.#stage));
  }

  oldest(): number | null {
    return oldest(this.#stage);
  }

  #put(stage: readonly Shown[]): void {
    if (stage === this.#stage) return;
    this.#stage = stage;
    this.#screen.schedule();
  }

  #show(): void {
    this.#unschedule();
    const now = Date.now();
    this.#stage = this.rows = at(this.#stage, now);
    const next = nextChange(this.#stage, now);
    if (next !== null) this.#changing = setTimeout(() => this.#show(), Math.min(next - now, FURTHEST));
  }

  #unschedule(): void {
    this.#screen.cancel();
    if (this.#changing !== null) clearTimeout(this.#changing);
    this.#changing = null;
  }
}
