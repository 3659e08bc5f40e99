/**
 * A room's messages for a page that is left alone for hours: read only, without a session, and connected again for
 * ever, whatever happens to the server, the network or the machine.
 */

import { Refused, latest, status, stretch } from "../lib/api";
import { backoff } from "../lib/backoff";
import { Log } from "../lib/log";
import type { ChatMessage, ServerFrame } from "../lib/protocol";

/** So many messages are kept, to know those that come again and those that are answered. */
const KEPT = 1_000;

/** How long a connection may take to say hello, in milliseconds. */
const HELLO_DEADLINE = 10_000;

/** How often it is looked whether a connection that is silent is still one, in milliseconds. */
const LOOK = 60_000;

/** What the room has, and what should have come by now, may be apart for so long, in milliseconds. */
const BEHIND = 5_000;

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

export class Feed {
  readonly #log = new Log();
  #begun = false;
  #socket: WebSocket | null = null;
  #connecting = false;
  #attempt = 0;
  /** How many lose their connection when this one does: they do not come back in one moment. */
  #viewers = 1;
  /** The newest message when the connection was made. */
  #live = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #looking: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  /** `history` is how many messages from before are wanted. */
  constructor(
    readonly room: string,
    readonly history: number,
    readonly listener: Listener,
  ) {}

  start(): void {
    addEventListener("online", this.#online);
    this.#looking = setInterval(() => void this.#look().catch(() => {}), LOOK);
    void this.#connect();
  }

  end(): void {
    this.#ended = true;
    removeEventListener("online", this.#online);
    clearInterval(this.#looking);
    this.#timers.forEach(clearTimeout);
    this.#drop();
  }

  find(id: string): ChatMessage | null {
    return this.#log.find(id);
  }

  async #connect(): Promise<void> {
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    if (!this.#begun) {
      this.#connecting = true;
      try {
        this.#log.begin(await latest(this.room, this.history));
      } catch (error) {
        this.#later(error instanceof Refused ? error.message : "the server does not answer");
        return;
      } finally {
        this.#connecting = false;
      }
      this.#begun = true;
      for (const { offset, message } of this.#log.lines) this.listener.message(offset, message, false);
    }
    if (this.#ended || this.#socket) return;

    const query = new URLSearchParams({ ...this.#log.resume(), overlay: "true" });
    const address = new URL(`/v1/rooms/${this.room}/ws?${query}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    const hello = this.#after(HELLO_DEADLINE, () => socket.close());
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === "hello") clearTimeout(hello);
      // A hole is filled by coming back.
      if (this.#take(frame)) this.#lost("messages are missing");
    };
    socket.onclose = ({ reason }) => {
      if (socket === this.#socket) this.#lost(reason || "the connection was lost");
    };
  }

  #take(frame: ServerFrame): boolean {
    const { appended, epoch } = this.#log;
    const hole = this.#log.take(frame);
    this.#log.trim(KEPT);
    if (frame.type === "hello") {
      this.#live = frame.offset;
      this.#attempt = 0;
      this.listener.connected(null);
      if (epoch !== this.#log.epoch) this.listener.renewed();
      void this.#compare().catch(() => {});
      void this.#count().catch(() => {});
    } else if (frame.type !== "message") {
      this.listener.frame(frame);
    } else if (this.#log.appended > appended) {
      this.listener.message(frame.offset, frame.message, frame.offset > this.#live);
    }
    return hole;
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

  async #count(): Promise<void> {
    this.#viewers = (await status(this.room)).viewers;
  }

  /** A machine that slept may hold a connection that nobody else does: the room then goes on without it. */
  async #look(): Promise<void> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    await this.#count();
    if (this.#log.newest === null) return;
    const { epoch, messages } = await stretch(this.room, this.#log.newest, 1);
    const [next] = messages;
    if (epoch === this.#log.epoch && next === undefined) return;
    this.#after(BEHIND, () => {
      const behind = epoch !== this.#log.epoch || (this.#log.newest ?? 0) < (next?.offset ?? 0);
      if (behind && socket === this.#socket) this.#lost("the connection is silent");
    });
  }

  readonly #online = () => {
    if (this.#socket || this.#connecting) return;
    this.#attempt = 0;
    void this.#connect();
  };

  #lost(why: string): void {
    this.#drop();
    this.#later(why);
  }

  #later(why: string): void {
    if (this.#ended) return;
    this.listener.connected(why);
    this.#after(backoff(this.#attempt++, Math.random(), this.#viewers), () => void this.#connect());
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #after(wait: number, then: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, wait);
    this.#timers.add(timer);
    return timer;
  }
}
