/** Messages that answer each other. */

import type { Line } from "./log";
import type { ChatMessage } from "./protocol";

/** Longer chains are followed no further: nobody answers that deep, and a broken one must end. */
const DEEPEST = 100;

type Find = (id: string) => ChatMessage | null;

/**
 * The message with which a thread began, as far as is known. `missing` is what that one answers, if it answers something
 * that is not here.
 */
export function root(message: ChatMessage, find: Find): { message: ChatMessage; missing: string | null } {
  let first = message;
  for (let depth = 0; depth < DEEPEST && first.reply_to; depth++) {
    const before = find(first.reply_to);
    if (!before || before.id === message.id) return { message: first, missing: before ? null : first.reply_to };
    first = before;
  }
  return { message: first, missing: null };
}

/**
 * All that answers a message, or an answer to it, in the order in which it was said, but for what was taken back. What is
 * answered comes before its answer.
 */
export function answers(lines: readonly Line[], of: string): ChatMessage[] {
  const known = new Set([of]);
  const found: ChatMessage[] = [];
  for (const { message, removed } of lines) {
    if (!message.reply_to || !known.has(message.reply_to)) continue;
    known.add(message.id);
    if (removed === undefined) found.push(message);
  }
  return found;
}
