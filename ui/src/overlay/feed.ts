/**
 * A room's messages for a page that is left alone for hours: read only, without a session, and connected again for
 * ever, whatever happens to the server, the network or the machine.
 */

import { latest, status, stretch } from "../lib/api";
import { Connection, type Down, type Owner, type Position } from "../lib/connection";
import { loadOwn } from "../lib/emote";
import { Log } from "../lib/log";
import type { ChatMessage, ServerFrame } from "../lib/protocol";

/** So many messages are kept, to know those that come again and those that are answered. */
const KEPT = 1_000;

/** How often it is looked whether a connection that is silent is still one, and which emotes the room has, in milliseconds. */
const LOOK = 60_000;

/** So many messages are looked up at most to see what is left of them: what the gateway gives at a time. */
const COMPARED = 500;

/** What to do with what is heard. */
export interface Listener {
  /** A message came, for the first time. `isNew` says that it has just been said, and was not missed before. */
  message(offset: number, message: ChatMessage, isNew: boolean): void;
  /** A frame that is no message. */
  frame(frame: ServerFrame): void;
  /** The offset of the oldest message that is still of interest; null if there is none. */
  oldest(): number | null;
  /** Of the messages with these offsets those with these ids are left, and the others were taken away. */
  left(from: number, to: number, ids: ReadonlySet<string>): void;
  /** The log was lost: offsets count anew. */
  renewed(): void;
  /** There is a connection, or why there is none. */
  connected(why: string | null): void;
}

export class Feed implements Owner {
  readonly #log = new Log();
  #begun = false;
  readonly #wire: Connection;
  #viewers = 1;
  /** The newest message when the connection was made. */
  #live = 0;
  #looking: ReturnType<typeof setInterval> | undefined;

  /** `history` is how many messages from before are wanted. */
  constructor(
    readonly room: string,
    readonly history: number,
    readonly listener: Listener,
  ) {
    this.#wire = new Connection(room, this, false);
  }

  start(): void {
    this.#looking = setInterval(() => this.#check(), LOOK);
    this.#wire.start();
  }

  end(): void {
    clearInterval(this.#looking);
    this.#wire.end();
  }

  find(id: string): ChatMessage | null {
    return this.#log.find(id);
  }

  // === impl Owner ===

  down(why: Down): void {
    if (why.state !== "connecting") this.listener.connected(why.why);
  }

  async prepare(): Promise<void> {
    if (this.#begun) return;
    const history = await latest(this.room, this.history);
    // Another attempt may have brought it meanwhile.
    if (this.#begun) return;
    this.#log.begin(history);
    this.#begun = true;
    for (const { offset, message } of this.#log.lines) this.listener.message(offset, message, false);
  }

  query(): Record<string, string> {
    return { ...this.#log.resume(), overlay: "true" };
  }

  take(frame: ServerFrame): void {
    const { appended, epoch } = this.#log;
    const hole = this.#log.take(frame);
    this.#log.trim(KEPT);
    if (frame.type === "hello") {
      this.#live = frame.offset;
      this.listener.connected(null);
      if (epoch !== this.#log.epoch) this.listener.renewed();
      void this.#compare().catch(() => {});
      this.#check();
    } else if (frame.type !== "message") {
      this.listener.frame(frame);
    } else if (this.#log.appended > appended) {
      this.listener.message(frame.offset, frame.message, frame.offset > this.#live);
    }
    if (hole) this.#wire.lost("messages are missing");
  }

  over(): void {}

  // Where there is nobody but overlays there may be nothing to tell for hours; it is looked all the same.
  silent(): void {}

  viewers(): number {
    return this.#viewers;
  }

  at(): Position | null {
    const { epoch, newest } = this.#log;
    return epoch === null || newest === null ? null : { epoch, offset: newest };
  }

  /** What was taken away while there was no connection is not told again: the log shows it. */
  async #compare(): Promise<void> {
    const from = this.listener.oldest();
    const to = this.#log.newest;
    if (from === null || to === null || from > to) return;
    const limit = Math.min(COMPARED, to - from + 1);
    const { epoch, messages, complete } = await stretch(this.room, from - 1, limit);
    if (epoch !== this.#log.epoch) return;
    // What the log has let go of was not taken away.
    const first = complete ? from : (messages[0]?.offset ?? Infinity);
    const there = messages.filter(({ message }) => !message.deleted);
    this.listener.left(first, from + limit - 1, new Set(there.map(({ message }) => message.id)));
  }

  #check(): void {
    this.#look().catch(() => {});
  }

  async #look(): Promise<void> {
    void loadOwn(this.room);
    const room = await this.#wire.asked(status(this.room));
    this.#viewers = room.viewers;
    this.#wire.compare(room);
  }
}
