import type { Choice } from "./completion";
import { EMOTES, type Emote } from "./emotes";
import { parts } from "./text";

const BY_CODE = new Map(EMOTES.map((emote) => [emote.code, emote]));

export const emote = (code: string): Emote | null => BY_CODE.get(code) ?? null;
export const isEmote = (code: string): boolean => BY_CODE.has(code);

let fetched = false;

/** Has the browser fetch the pictures before somebody chooses among them. */
export function fetchEmotes(): void {
  if (fetched) return;
  fetched = true;
  for (const { image } of EMOTES) new Image().src = image;
}

/** The codes of the emotes in a text. */
export const emotesIn = (text: string): string[] =>
  parts(text, isEmote, [], null).flatMap((part) => (part.kind === "emote" ? [part.code] : []));

/** The emotes as the send box offers them. */
export const EMOTE_CHOICES: readonly Choice[] = EMOTES.map(({ code, means }) => ({ kind: "emote", term: code, about: means }));
