/** A room as the page shows it: its log, who is in it, and the connection that keeps both fresh. */

import { Refused, latest, makeSession, status, type RoomStatus } from "./api";
import { backoff } from "./backoff";
import { EMPTY, apply, begin, resume, type Log } from "./log";
import { discard, passes, put, settle, unsent, type Outbox } from "./outbox";
import type { ClientFrame, ServerFrame, You } from "./protocol";
import { uuid } from "./uuid";

const HISTORY = 200;

/** How often the room's status is asked for, in milliseconds. */
const REFRESH = 15_000;

/** How long a connection may take to say hello, in milliseconds. */
const HELLO_DEADLINE = 10_000;

/** How long to wait before what the room had no time for is sent again, in milliseconds. */
const RESEND = 2_000;

export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "waiting"; why: string; seconds: number }
  | { state: "refused"; why: string };

export class Room {
  log = $state.raw<Log>(EMPTY);
  outbox = $state.raw<Outbox>([]);
  info = $state.raw<RoomStatus | null>(null);
  you = $state.raw<You | null>(null);
  connection = $state.raw<Connection>({ state: "connecting" });

  #socket: WebSocket | null = null;
  #attempt = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #refresh: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  constructor(readonly id: string) {}

  start(): void {
    void this.#connect();
    this.#refresh = setInterval(() => {
      if (document.visibilityState === "visible" && this.connection.state === "open") void this.#look().catch(() => {});
    }, REFRESH);
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#refresh);
    this.#timers.forEach(clearTimeout);
    this.#drop();
  }

  /** Takes a name: a new session, and with it a new connection. */
  async join(name: string): Promise<void> {
    await makeSession(name);
    this.#drop();
    this.#attempt = 0;
    void this.#connect();
  }

  say(text: string, replyTo: string | null): void {
    const id = uuid();
    this.outbox = put(this.outbox, id, text, replyTo);
    const frame = unsent(this.outbox).find((frame) => frame.nonce === id);
    if (frame && this.connection.state === "open") this.#send(frame);
  }

  discard(id: string): void {
    this.outbox = discard(this.outbox, id);
  }

  /** Tries now instead of later. */
  retry(): void {
    this.#drop();
    this.#attempt = 0;
    void this.#connect();
  }

  async #look(): Promise<void> {
    this.info = await status(this.id);
  }

  async #connect(): Promise<void> {
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    this.connection = { state: "connecting" };
    try {
      await this.#look();
      if (this.log.newest === null && this.log.lines.length === 0) this.log = begin(await latest(this.id, HISTORY));
    } catch (error) {
      if (error instanceof Refused && error.status === 404) {
        this.connection = { state: "refused", why: error.message };
      } else {
        this.#later(error instanceof Refused ? error.message : "the server does not answer");
      }
      return;
    }
    if (this.#ended || this.#socket) return;

    const address = new URL(`/v1/rooms/${this.id}/ws${resume(this.log)}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    const hello = this.#after(HELLO_DEADLINE, () => socket.close());
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === "hello") this.#stop(hello);
      this.#take(frame);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#later(reason || (code === 1006 ? "the connection was lost" : "the connection was closed"));
    };
  }

  #take(frame: ServerFrame): void {
    const { log, missed } = apply(this.log, frame);
    this.log = log;
    if (missed) {
      this.retry();
      return;
    }
    if (passes(frame)) {
      this.#after(RESEND, () => this.#sendAll());
      return;
    }
    this.outbox = settle(this.outbox, frame);
    if (frame.type === "hello") {
      this.you = frame.you;
      this.connection = { state: "open" };
      this.#attempt = 0;
      this.#sendAll();
      // Now that one is counted among the viewers.
      void this.#look().catch(() => {});
    }
  }

  #sendAll(): void {
    for (const frame of unsent(this.outbox)) this.#send(frame);
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #later(why: string): void {
    if (this.#ended) return;
    const wait = backoff(this.#attempt++, Math.random());
    this.connection = { state: "waiting", why, seconds: Math.ceil(wait / 1000) };
    this.#after(wait, () => void this.#connect());
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

  #stop(timer: ReturnType<typeof setTimeout>): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }
}
