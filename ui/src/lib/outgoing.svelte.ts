/**
 * What one writes, until the room has it: sent as soon as there is a connection, and again when the room had no time or the
 * connection was lost. A command that may have been carried out is not sent again.
 */

import { backoff } from "./backoff";
import { again, discard, frame, lost, pending, put, sent, settle, unsent, type Outbox } from "./outbox";
import type { ClientFrame, ServerFrame } from "./protocol";
import { uuid } from "./uuid";

/** A room that is busy is given two seconds at first, as a connection is after so many attempts: see `backoff`. */
const PATIENCE = 2;

export class Outgoing {
  drafts = $state.raw<Outbox>([]);
  #open = false;
  /** One timer, however many drafts there are that wait for it. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** How often in a row the room had no time for anything. */
  #failed = 0;

  /** `send` says whether a frame went out. */
  constructor(readonly send: (frame: ClientFrame) => boolean) {}

  say(text: string, replyTo: string | null): void {
    const id = uuid();
    this.drafts = put(this.drafts, id, text, replyTo);
    if (this.#open) this.#send([frame({ id, text, replyTo, refused: null })]);
  }

  discard(id: string): void {
    this.drafts = discard(this.drafts, id);
    // Not when nothing is delayed: what was turned away may be on its way again.
    if (pending(this.drafts) === 0) {
      this.#stop();
      this.#failed = 0;
    }
  }

  take(answer: ServerFrame): void {
    if (answer.type === "hello") this.down();
    const before = pending(this.drafts);
    this.drafts = settle(this.drafts, answer);
    if (pending(this.drafts) < before) this.#failed = 0;
    if (answer.type === "hello") {
      this.#open = true;
      this.#send(unsent(this.drafts));
    } else if (this.drafts.some(({ delayed }) => delayed)) {
      this.#timer ??= setTimeout(() => this.#again(), backoff(PATIENCE + this.#failed++, Math.random()));
    }
  }

  /** The connection is gone: what is left goes out with the next one, but for commands that may have been carried out. */
  down(): void {
    this.#open = false;
    this.drafts = lost(this.drafts);
    this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #again(): void {
    this.#timer = null;
    const { outbox, frames } = again(this.drafts);
    this.drafts = outbox;
    this.#send(frames);
  }

  #send(frames: readonly ClientFrame[]): void {
    for (const frame of frames) {
      if (this.send(frame) && "nonce" in frame) this.drafts = sent(this.drafts, frame.nonce);
    }
  }
}
