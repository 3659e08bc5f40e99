/**
 * What one writes, until the room has it: sent as soon as there is a connection, and again when the room had no time or the
 * connection was lost. A command that may have been carried out is not sent again.
 */

import { backoff } from "./backoff";
import { again, discard, frame, lost, pending, put, sent, settle, unsent, type Outbox } from "./outbox";
import type { ClientFrame, ServerFrame } from "./protocol";
import { uuid } from "./uuid";

/** So long nothing may be said of what was sent, in milliseconds: moderation and the log take ten seconds together at most. */
const UNANSWERED = 15_000;

/** A room that is busy is given two seconds at first, as a connection is after so many attempts: see `backoff`. */
const PATIENCE = 2;

export class Outgoing {
  drafts = $state.raw<Outbox>([]);
  #open = false;
  /** One timer, however many drafts there are that wait for it. */
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Runs while something that was sent has no answer; begins anew with each. */
  #deadline: ReturnType<typeof setTimeout> | null = null;
  /** How often in a row the room had no time for anything. */
  #failed = 0;

  /** `send` says whether a frame went out; `unanswered` is told that what went out has had no answer for too long. */
  constructor(
    readonly send: (frame: ClientFrame) => boolean,
    readonly unanswered: () => void,
  ) {}

  /** Whether something was sent that has no answer. */
  get waits(): boolean {
    return this.#open && unsent(this.drafts).length > 0;
  }

  say(text: string, replyTo: string | null): void {
    const id = uuid();
    this.drafts = put(this.drafts, id, text, replyTo);
    if (this.#open) this.#send([frame({ id, text, replyTo, refused: null })]);
  }

  discard(id: string): void {
    this.drafts = discard(this.drafts, id);
    if (!this.waits) this.#await();
    // Not when nothing is delayed: what was turned away may be on its way again.
    if (pending(this.drafts) === 0) {
      this.#stop();
      this.#failed = 0;
    }
  }

  take(answer: ServerFrame): void {
    if (answer.type === "hello") this.down();
    const before = this.drafts;
    this.drafts = settle(before, answer);
    if (pending(this.drafts) < pending(before)) this.#failed = 0;
    if (this.drafts !== before) this.#await();
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
    this.#await();
  }

  /** Waits anew for an answer to what was sent, if there is something. */
  #await(): void {
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    this.#deadline = null;
    if (!this.waits) return;
    this.#deadline = setTimeout(() => {
      this.#deadline = null;
      this.unanswered();
    }, UNANSWERED);
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
    if (this.#deadline === null) this.#await();
  }
}
