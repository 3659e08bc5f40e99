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
  /** Whether the room had no time for it: it is sent again later. */
  readonly delayed?: boolean;
}

export type Outbox = readonly Draft[];

/** Refusals that pass: the message is sent again after a while. */
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
      return outbox.some(({ waits, delayed }) => waits || delayed)
        ? outbox.map((draft) => ({ ...draft, waits: false, delayed: false }))
        : outbox;
    case "waiting":
      return outbox.map((draft) => (draft.id === frame.nonce ? { ...draft, waits: true } : draft));
    // What was said was a command, and is done.
    case "notice":
    case "ack":
      return discard(outbox, frame.nonce);
    case "message":
      return outbox.some((draft) => draft.id === frame.message.id) ? discard(outbox, frame.message.id) : outbox;
    case "error":
      if (PASSING.has(frame.code)) return outbox.map((draft) => (draft.id === frame.nonce ? { ...draft, delayed: true } : draft));
      return outbox.map((draft) => (draft.id === frame.nonce ? { ...draft, refused: frame.detail, waits: false } : draft));
    default:
      return outbox;
  }
}

/** How many the room has neither taken nor refused, for itself or for a moderator. */
export const pending = (outbox: Outbox): number => outbox.filter(({ refused, waits }) => refused === null && !waits).length;

/** What is on its way, or is to be with a new connection, as frames, in the order in which it was written. */
export function unsent(outbox: Outbox): ClientFrame[] {
  return outbox.filter((draft) => draft.refused === null && !draft.waits && !draft.delayed).map(frame);
}

/** What the room had no time for, and alone that, is on its way again. */
export function again(outbox: Outbox): { outbox: Outbox; frames: ClientFrame[] } {
  const frames = outbox.filter(({ delayed }) => delayed).map(frame);
  return { outbox: outbox.map((draft) => (draft.delayed ? { ...draft, delayed: false } : draft)), frames };
}

export function frame({ id, text, replyTo }: Draft): ClientFrame {
  return { type: "say", nonce: id, id, text, ...(replyTo === null ? {} : { reply_to: replyTo }) };
}
