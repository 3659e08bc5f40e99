/** What the chat as a whole does, put in words. */

import type { ChatTrends } from "./protocol";

/** At most so many emotes, names and words are shown. */
const EMOTES = 3;
const NAMES = 2;
const WORDS = 4;

/** A word that was said once is no trend. */
const ENOUGH = 2;

export interface Talk {
  readonly emotes: readonly { term: string; count: number }[];
  /** Names of who is called. */
  readonly names: readonly { author: string; term: string; count: number }[];
  readonly words: readonly { term: string; count: number }[];
}

/** What is said most: the emotes that exist, the names of who is known, and the words that are no part of those. */
export function talk(trends: ChatTrends, isEmote: (code: string) => boolean, nameOf: (author: string) => string | null): Talk {
  const often = ({ count }: { count: number }) => count >= ENOUGH;
  const names = (trends.mentions ?? [])
    .filter(often)
    .flatMap(({ author, count }) => {
      const term = nameOf(author);
      return term === null ? [] : [{ author, term, count }];
    })
    .slice(0, NAMES);
  const named = new Set(names.flatMap(({ term }) => term.toLowerCase().split(/\s+/)));
  return {
    emotes: (trends.top_emotes ?? []).filter(({ term, count }) => often({ count }) && isEmote(term)).slice(0, EMOTES),
    names,
    words: (trends.top_tokens ?? []).filter((word) => often(word) && !named.has(word.term)).slice(0, WORDS),
  };
}

/** Who writes: `7 authors, 60 % of messages by AI personas`. */
export function authors({ unique_authors: count, bot_fraction: share, messages_per_minute: pace }: ChatTrends): string {
  if (pace === 0) return "Nobody has written for a minute";
  const who = count === 1 ? "1 author" : `${count.toLocaleString()} authors`;
  if (share === 0) return `${who}, no AI persona`;
  if (share === 1) return `${who}, all AI personas`;
  // Neither none nor all, so neither 0 nor 100.
  const percent = Math.min(99, Math.max(1, Math.round(share * 100)));
  return `${who}, ${percent} % of messages by AI personas`;
}

/** How fast the chat goes: `12 messages a minute`. */
export function pace({ messages_per_minute: exact }: Pick<ChatTrends, "messages_per_minute">): string {
  const count = Math.round(exact);
  return count === 1 ? "1 message a minute" : `${count.toLocaleString()} messages a minute`;
}
