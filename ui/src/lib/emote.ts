import { SvelteMap } from "svelte/reactivity";
import { roomEmotes } from "./api";
import type { Choice } from "./completion";
import { EMOTES, type Emote } from "./emotes";
import type { RoomEmotes } from "./protocol";
import { parts } from "./text";

const BY_CODE = new Map(EMOTES.map((emote) => [emote.code, emote]));

/** The room's own. What is shown follows when they come. */
const OWN = new SvelteMap<string, Emote>();

/**
 * Takes the room's own emotes; those that it had before are gone. One that every room has stays as it is. If they are those
 * that there were, nothing changes.
 */
export function takeOwn({ emotes }: RoomEmotes): void {
  const own = emotes
    .filter(({ code }) => !BY_CODE.has(code))
    .map(({ code, image, animated }): Emote => ({ code, means: "an emote of this room", image, animated }));
  if (JSON.stringify(own) === JSON.stringify([...OWN.values()])) return;
  OWN.clear();
  for (const emote of own) OWN.set(emote.code, emote);
}

/** Asks for the room's own; without an answer there are those that there were. Says whether there was one. */
export async function loadOwn(room: string): Promise<boolean> {
  try {
    takeOwn(await roomEmotes(room));
    return true;
  } catch {
    return false;
  }
}

export const emote = (code: string): Emote | null => BY_CODE.get(code) ?? OWN.get(code) ?? null;
export const isEmote = (code: string): boolean => BY_CODE.has(code) || OWN.has(code);

/** One of the room's own; null if it has none. */
export const anyOwn = (): string | null => OWN.keys().next().value ?? null;

/** All of them, the room's own first. */
export const allEmotes = (): readonly Emote[] => [...OWN.values(), ...EMOTES];

/** Those whose code or meaning has this in it, whatever its letter case; first those whose code begins with it. */
export function search(typed: string): readonly Emote[] {
  const wanted = typed.trim().replace(/^:|:$/g, "").toLowerCase();
  const places = allEmotes().map((emote) => ({ emote, place: `${emote.code} ${emote.means}`.toLowerCase().indexOf(wanted) }));
  const found = places.filter(({ place }) => place >= 0);
  return [...found.filter(({ place }) => place === 0), ...found.filter(({ place }) => place > 0)].map(({ emote }) => emote);
}

let fetched = false;

/**
 * Has the browser fetch the pictures of those that every room has, before one is needed. A room's own may be a thousand, and
 * come as they are seen.
 */
export function fetchEmotes(): void {
  if (fetched) return;
  fetched = true;
  for (const { image } of EMOTES) new Image().src = image;
}

/** The codes of the emotes in a text. */
export const emotesIn = (text: string): string[] =>
  parts(text, isEmote, [], null).flatMap((part) => (part.kind === "emote" ? [part.code] : []));

/** The emotes as the send box offers them. */
export const emoteChoices = (): readonly Choice[] =>
  allEmotes().map(({ code, means }) => ({ kind: "emote", term: code, about: means }));
