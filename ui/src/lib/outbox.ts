/**
 * One's own messages until the room has them. Pure, like the log.
 *
 * Each carries an id, so that sending it again after a lost connection is safe: the gateway drops a
 * second message with the same id.
 */

import type { ClientFrame, ServerFrame } from "./protocol";

export interface Draft {
  /** Serves as the nonce, too. */
  readonly id: string;
  readonly text: string;
  readonly replyTo: string | null;
  /** Why it was refused; null while it is on its way. */
  readonly refused: string | null;
  /** Whether it is with the room, where it waits for a moderator. */
  readonly waits?: boolean;
}

export type Outbox = readonly Draft[];

/** Refusals that pass: the message is sent again when the connection is. */
const PASSING = new Set(["busy", "rate_limited", "timeout", "store_unavailable", "not_ready"]);

export function put(outbox: Outbox, id: string, text: string, replyTo: string | null): Outbox {
  return [...outbox, { id, text, replyTo, refused: null }];
}

export function discard(outbox: Outbox, id: string): Outbox {
  return outbox.filter((draft) => draft.id !== id);
}

/** Takes an answer of the gateway. What passes by as a message of the room is there, too. */
export function settle(outbox: Outbox, frame: ServerFrame): Outbox {
  switch (frame.type) {
    // What became meanwhile of those that waited is only told to who sends them again.
    case "hello":
      return outbox.some(({ waits }) => waits) ? outbox.map((draft) => ({ ...draft, waits: false })) : outbox;
    case "waiting":
      return outbox.map((draft) => (draft.id === frame.nonce ? { ...draft, waits: true } : draft));
    // What was said was a command, and is done.
    case "notice":
    case "ack":
      return discard(outbox, frame.nonce);
    case "message":
      return outbox.some((draft) => draft.id === frame.message.id) ? discard(outbox, frame.message.id) : outbox;
    case "error":
      return outbox.map((draft) => (draft.id === frame.nonce ? { ...draft, refused: frame.detail, waits: false } : draft));
    default:
      return outbox;
  }
}

/** Whether a refusal is worth another try. */
export function passes(frame: ServerFrame): boolean {
  return frame.type === "error" && PASSING.has(frame.code);
}

/** What is still to be sent, as frames, in the order in which it was written. */
export function unsent(outbox: Outbox): ClientFrame[] {
  return outbox.filter((draft) => draft.refused === null && !draft.waits).map(frame);
}

export function frame({ id, text, replyTo }: Draft): ClientFrame {
  return { type: "say", nonce: id, id, text, ...(replyTo === null ? {} : { reply_to: replyTo }) };
}
