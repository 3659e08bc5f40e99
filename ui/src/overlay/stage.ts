/**
 * Which messages an overlay shows, and until when. Nothing here waits or reads a clock.
 *
 * A stage is a list, oldest first, of at most `max` messages; what falls off is gone.
 */

import type { ChatMessage, ServerFrame } from "../lib/protocol";
import type { Options } from "./options";

/** How long fading out takes, in milliseconds. */
export const FADING = 600;

export interface Shown {
  /** Its place in the room's log; 0 if that log is gone. */
  readonly offset: number;
  readonly message: ChatMessage;
  /** Whom it answers, if that is known and the text doesn't say so itself. */
  readonly answers: string | null;
  /** When it begins to fade, in milliseconds since 1970; infinity if it doesn't. */
  readonly until: number;
  readonly fading: boolean;
}

/** Whether a message is to be shown. */
export function shows({ author, text, reply_to, deleted }: ChatMessage, options: Options): boolean {
  if (deleted) return false;
  if (!options.bots && author.kind === "persona") return false;
  if (options.hide_commands && /^!\p{L}/u.test(text)) return false;
  if (options.hide_replies && reply_to) return false;
  return !options.block.some((name) => name.toLowerCase() === author.name.toLowerCase());
}

const LETTER = /[\p{L}\p{N}]/u;

/** Whether a name stands in a text as words of its own; large and small letters are the same. */
function names(text: string, name: string): boolean {
  const [lower, wanted] = [text.toLowerCase(), name.toLowerCase()];
  for (let from = lower.indexOf(wanted); from >= 0; from = lower.indexOf(wanted, from + 1)) {
    if (!LETTER.test(lower.charAt(from - 1)) && !LETTER.test(lower.charAt(from + wanted.length))) return true;
  }
  return false;
}

/** A message on the stage, since `at`. `answered` is the one that it answers, if that is known. */
export function enter(
  offset: number,
  message: ChatMessage,
  answered: ChatMessage | null,
  at: number,
  { fade }: Options,
): Shown {
  const name = answered?.author.name ?? null;
  const says = name !== null && names(message.text, name);
  const until = fade === null ? Infinity : at + fade * 1000;
  return { offset, message, answers: says ? null : name, until, fading: false };
}

/**
 * Since when a message counts as shown, in milliseconds since 1970: now if it has just been said; one
 * from before was said when the server says it was, as far as the two clocks agree.
 */
export function since({ sent_at }: ChatMessage, isNew: boolean, now: number): number {
  const said = Date.parse(sent_at);
  return isNew || Number.isNaN(said) ? now : Math.min(said, now);
}

/** The stage with messages more at its end. */
export function add(stage: readonly Shown[], shown: readonly Shown[], { max }: Options): readonly Shown[] {
  return [...stage, ...shown].slice(-max);
}

/** The stage without what a frame says is not to be shown any more; the same one if that is nothing. */
export function without(stage: readonly Shown[], frame: ServerFrame): readonly Shown[] {
  const goes = ({ offset, message }: Shown): boolean => {
    if (frame.type === "remove") return message.id === frame.id;
    if (frame.type !== "clear") return false;
    return offset <= frame.up_to && (frame.author == null || frame.author === message.author.id);
  };
  const kept = stage.filter((shown) => !goes(shown));
  return kept.length === stage.length ? stage : kept;
}

/** The stage without those messages with an offset in a stretch of the log whose ids are not among these. */
export function only(stage: readonly Shown[], from: number, to: number, ids: ReadonlySet<string>): readonly Shown[] {
  return stage.filter(({ offset, message }) => offset < from || offset > to || ids.has(message.id));
}

/** The stage of a room whose log is gone. */
export const renewed = (stage: readonly Shown[]): readonly Shown[] => stage.map((shown) => ({ ...shown, offset: 0 }));

/** The first place in the log that a message on the stage has; null if none has one. */
export function oldest(stage: readonly Shown[]): number | null {
  const offsets = stage.map(({ offset }) => offset).filter((offset) => offset > 0);
  return offsets.length === 0 ? null : Math.min(...offsets);
}

/** Whether its time is over. */
export const isOver = ({ until }: Shown, now: number): boolean => now >= until;

/** The stage at this time: what is over fades, and what has faded out is gone. */
export function at(stage: readonly Shown[], now: number): readonly Shown[] {
  return stage
    .filter(({ until }) => now < until + FADING)
    .map((shown) => (isOver(shown, now) && !shown.fading ? { ...shown, fading: true } : shown));
}

/** When the next message begins to fade or has faded out; null if none ever does. */
export function nextChange(stage: readonly Shown[], now: number): number | null {
  const times = stage.flatMap(({ until }) => [until, until + FADING]).filter((at) => at > now && at < Infinity);
  return times.length === 0 ? null : Math.min(...times);
}
