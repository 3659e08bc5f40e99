/** What the chat as a whole does, put in words. */

import type { ChatTrends } from "./protocol";

/** At most so many emotes and words are shown. */
const EMOTES = 3;
const WORDS = 4;

/** A word that was said once is no trend. */
const ENOUGH = 2;

export interface Talk {
  readonly emotes: readonly { term: string; count: number }[];
  readonly words: readonly { term: string; count: number }[];
}

/** What is said most: the emotes that exist, and the words. */
export function talk(trends: ChatTrends, isEmote: (code: string) => boolean): Talk {
  const often = ({ count }: { count: number }) => count >= ENOUGH;
  return {
    emotes: (trends.top_emotes ?? []).filter(({ term, count }) => often({ count }) && isEmote(term)).slice(0, EMOTES),
    words: (trends.top_tokens ?? []).filter(often).slice(0, WORDS),
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
