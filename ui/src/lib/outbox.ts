/**
 * One's own messages until the room has them. Pure, like the log.
 *
 * Each carries an id, so that sending it again after a lost connection is safe: the gateway drops a
 * second message with the same id. A command has no such safety: given twice it is carried out twice, and a second
 * `/clear` takes what was said since. What became of one that nobody answered is left to who gave it.
 */

import { named } from "./commands";
import type { ClientFrame, ServerFrame } from "./protocol";

export interface Draft {
  /** Serves as the nonce, too. */
  readonly id: string;
  readonly text: string;
  readonly replyTo: string | null;
  /** Why it was refused; null while it is on its way. */
  readonly refused: string | null;
  /** Whether that is because of the name of who wrote it, whatever the text. */
  readonly forName?: boolean;
  /** Whether it is with the room, where it waits for a moderator. */
  readonly waits?: boolean;
  /** Whether the room had no time for it: it is sent again later. */
  readonly delayed?: boolean;
  /** Whether it was sent, with whatever connection. */
  readonly sent?: boolean;
  /** Why it is not known whether it was done, of a command; it is not sent again. */
  readonly unsure?: string;
}

export type Outbox = readonly Draft[];

/** Refusals that pass: the message is sent again after a while. */
const PASSING = new Set(["busy", "rate_limited", "timeout", "store_unavailable", "not_ready"]);

/** Those of them behind which a command may have been carried out all the same. */
const UNSURE = new Set(["timeout", "store_unavailable", "not_ready"]);

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
      if (PASSING.has(frame.code)) return outbox.map((draft) => (draft.id === frame.nonce ? later(draft, frame.code, frame.detail) : draft));
      return outbox.map((draft) => (draft.id === frame.nonce ? refused(draft, frame) : draft));
    default:
      return outbox;
  }
}

const refused = (draft: Draft, { detail, pointer }: Extract<ServerFrame, { type: "error" }>): Draft => ({
  ...draft,
  refused: detail,
  forName: pointer === "/author",
  waits: false,
});

const isCommand = ({ text }: Draft): boolean => named(text) !== null;

const later = (draft: Draft, code: string, detail: string): Draft =>
  isCommand(draft) && UNSURE.has(code) ? { ...draft, unsure: detail } : { ...draft, delayed: true };

/** How many the room has neither taken nor refused, for itself or for a moderator. */
export const pending = (outbox: Outbox): number =>
  outbox.filter(({ refused, waits, unsure }) => refused === null && !waits && unsure === undefined).length;

/** What is on its way, or is to be with a new connection, as frames, in the order in which it was written. */
export function unsent(outbox: Outbox): ClientFrame[] {
  return outbox.filter(isUnderWay).map(frame);
}

const isUnderWay = ({ refused, waits, delayed, unsure }: Draft): boolean => refused === null && !waits && !delayed && unsure === undefined;

/** One was sent. */
export const sent = (outbox: Outbox, id: string): Outbox =>
  outbox.map((draft) => (draft.id === id ? { ...draft, sent: true } : draft));

/** The connection is gone, and with it what would have been said of commands that were sent. */
export function lost(outbox: Outbox): Outbox {
  const unsure = (draft: Draft) => draft.sent === true && isUnderWay(draft) && isCommand(draft);
  return outbox.some(unsure)
    ? outbox.map((draft) => (unsure(draft) ? { ...draft, unsure: "the connection was lost" } : draft))
    : outbox;
}

/** What the room had no time for, and alone that, is on its way again. */
export function again(outbox: Outbox): { outbox: Outbox; frames: ClientFrame[] } {
  const frames = outbox.filter(({ delayed }) => delayed).map(frame);
  return { outbox: outbox.map((draft) => (draft.delayed ? { ...draft, delayed: false } : draft)), frames };
}

export function frame({ id, text, replyTo }: Draft): ClientFrame {
  return { type: "say", nonce: id, id, text, ...(replyTo === null ? {} : { reply_to: replyTo }) };
}
