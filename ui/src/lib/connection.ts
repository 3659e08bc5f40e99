/**
 * A room's WebSocket, made again for ever: one attempt at a time, spread over the longer the more come back with it.
 * What is asked for over HTTP first, where the log goes on, and what the frames mean is its owner's.
 */

import { Refused, mayConnect } from "./api";
import { backoff } from "./backoff";
import type { ClientFrame, ServerFrame } from "./protocol";

/** How long a connection may take to say hello, in milliseconds. */
const HELLO_DEADLINE = 10_000;

/** What the room has, and what should have come by now, may be apart for so long, in milliseconds. */
const BEHIND = 5_000;

/** After so long without a frame it is asked whether that may be, in milliseconds. */
const SILENCE = 30_000;

/** How a socket closes that was refused, or whose connection broke. RFC 6455, section 7.1.5. */
const LOST = 1006;

/** That it is open is what the frame `hello` tells. */
export type Down =
  | { state: "connecting"; /** Whether it waited before. */ again: boolean }
  | { state: "waiting"; why: string; until: number }
  | { state: "refused"; why: string };

/** Where in a log one is. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Owner {
  /** What is to be known before there is a socket. An attempt that is given up meanwhile opens none. */
  prepare(): Promise<void>;
  /** What the socket is asked for: where to go on, and as what. */
  query(): Record<string, string>;
  take(frame: ServerFrame): void;
  /** The socket is gone: what it said last is to be read now. May connect again. */
  over(): void;
  down(why: Down): void;
  /** How many lose their connection when this one does: they do not come back in one moment. */
  viewers(): number | undefined;
  /** The newest that came; null while that is not known. */
  at(): Position | null;
  /** Nothing has come for a while, which may be all that there is. May give the connection up. */
  silent(): void;
}

export class Connection {
  #socket: WebSocket | null = null;
  /** The attempt that counts. */
  #attempt: object = {};
  #failed = 0;
  /** When the latest frame came, by the page's steady clock; null before a hello. */
  #heard: number | null = null;
  /** When the latest frame had come as the server did not answer over HTTP; null if it did the last time. */
  #unanswered: number | null = null;
  /** Whether all that is to be known before there is a socket was ever there. */
  #begun = false;
  /** There is none, and none is under way. */
  #waits = false;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #ended = false;

  /** `final` says that a room which is not there from the start is not asked for again. */
  constructor(
    readonly room: string,
    readonly owner: Owner,
    readonly final: boolean,
  ) {}

  start(): void {
    addEventListener("online", this.#online);
    void this.#connect();
  }

  end(): void {
    this.#ended = true;
    removeEventListener("online", this.#online);
    this.#drop();
  }

  /** Makes a new one, now, whatever there is or is under way. */
  again(): void {
    this.#drop();
    this.#failed = 0;
    void this.#connect();
  }

  /** Gives up the one that there is for this reason, and makes another after a while: other pages may do so, too. */
  lost(why: string): void {
    this.#drop();
    this.#later(why);
  }

  /** Whether it went out: there may be no connection, or none any more. */
  send(frame: ClientFrame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /**
   * Takes what the room has, as it was told over HTTP: a machine that slept may hold a connection that nobody else does,
   * and the room goes on without it.
   */
  compare(room: Position): void {
    const socket = this.#socket;
    const before = this.owner.at();
    if (!socket || !before || (before.epoch === room.epoch && before.offset >= room.offset)) return;
    this.#after(BEHIND, () => {
      const now = this.owner.at();
      if (now?.epoch === before.epoch && now.offset === before.offset) this.lost("the connection is silent");
    });
  }

  /**
   * What the server is asked over HTTP. If it does not answer twice in a row, with nothing heard in between, the connection
   * that there is counts as lost, too.
   */
  async asked<T>(answer: Promise<T>): Promise<T> {
    try {
      const given = await answer;
      this.#unanswered = null;
      return given;
    } catch (error) {
      if (error instanceof Refused) this.#unanswered = null;
      else this.#missed();
      throw error;
    }
  }

  #missed(): void {
    if (this.#heard === null) return;
    if (this.#unanswered === this.#heard) this.lost("the server does not answer");
    else this.#unanswered = this.#heard;
  }

  async #connect(): Promise<void> {
    const attempt = (this.#attempt = {});
    this.owner.down({ state: "connecting", again: this.#waits });
    this.#waits = false;
    try {
      await this.owner.prepare();
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const refused = error instanceof Refused ? error : null;
      // What stands before the server may say that, too, while it starts.
      if (this.final && !this.#begun && refused?.code === "not_found") this.owner.down({ state: "refused", why: refused.message });
      else this.#later(refused?.message ?? "the server does not answer");
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#begun = true;

    const path = `/v1/rooms/${this.room}/ws?${new URLSearchParams(this.owner.query())}`;
    const address = new URL(path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    const hello = this.#after(HELLO_DEADLINE, () => this.lost("the server says nothing"));
    socket.onmessage = ({ data }) => {
      if (attempt !== this.#attempt) return;
      const frame = JSON.parse(String(data)) as ServerFrame;
      const first = this.#heard === null && frame.type === "hello";
      if (first || this.#heard !== null) this.#heard = performance.now();
      if (first) {
        clearTimeout(hello);
        this.#failed = 0;
        this.#listen(performance.now());
      }
      this.owner.take(frame);
    };
    socket.onclose = ({ code, reason }) => {
      if (attempt !== this.#attempt) return;
      this.owner.over();
      // What it said last may have led to another one.
      if (attempt !== this.#attempt) return;
      const why = reason || (code === LOST ? "the connection was lost" : "the connection was closed");
      if (this.#heard !== null || code !== LOST) return this.lost(why);
      clearTimeout(hello);
      this.#waits = true;
      void this.#refusal(path).then((refusal) => {
        if (attempt === this.#attempt) this.lost(refusal ?? why);
      });
    };
  }

  /** Why there was no WebSocket: a browser keeps the answer to a handshake to itself. Null if the server does not say. */
  async #refusal(path: string): Promise<string | null> {
    try {
      await mayConnect(path);
      return null;
    } catch (error) {
      return error instanceof Refused ? error.message : null;
    }
  }

  /** Tells its owner of each silence, from then on. By times: a page that is hidden has few timers. */
  #listen(from: number): void {
    const heard = this.#heard;
    const left = Math.max(from, heard ?? 0) + SILENCE - performance.now();
    if (left > 0) {
      this.#after(left, () => this.#listen(from));
      return;
    }
    // A page that stood still has what came meanwhile still before it.
    this.#after(BEHIND, () => {
      const silent = this.#heard === heard;
      this.#listen(silent ? performance.now() : from);
      if (silent) this.owner.silent();
    });
  }

  readonly #online = () => {
    if (this.#waits) this.again();
  };

  #later(why: string): void {
    if (this.#ended) return;
    const wait = backoff(this.#failed++, Math.random(), this.owner.viewers());
    this.#waits = true;
    this.owner.down({ state: "waiting", why, until: Date.now() + wait });
    this.#after(wait, () => void this.#connect());
  }

  #drop(): void {
    this.#attempt = {};
    this.#heard = this.#unanswered = null;
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
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
