/** What one does with a message. */

import type { IconName } from "../parts/Icon.svelte";
import type { ChatMessage, You } from "./protocol";

export type Act = "answer" | "mention" | "card" | "thread" | "remove" | "timeout" | "ban";

export type OnAct = (act: Act, message: ChatMessage) => void;

export interface Action {
  readonly act: Act;
  /** Does the same for the keyboard, on a message. */
  readonly key: string;
  readonly icon: IconName;
  readonly label: (name: string) => string;
  readonly title: string;
}

/** Those that each message has. */
const ALL: readonly Action[] = [
  { act: "answer", key: "r", icon: "reply", label: (name) => `Reply to ${name}`, title: "Reply (R)" },
  { act: "mention", key: "m", icon: "at", label: (name) => `Mention ${name}`, title: "Mention (M)" },
  { act: "card", key: "c", icon: "person", label: (name) => `Who is ${name}`, title: "Who is that? (C)" },
];

const REMOVE: Action = { act: "remove", key: "d", icon: "bin", label: (name) => `Delete the message of ${name}`, title: "Delete (D)" };

/** Those about an author. */
const SILENCE: readonly Action[] = [
  { act: "timeout", key: "t", icon: "clock", label: (name) => `Time ${name} out for 10 minutes`, title: "Time out for 10 minutes (T)" },
  { act: "ban", key: "b", icon: "ban", label: (name) => `Ban ${name}`, title: "Ban (B)" },
];

/** Whether a moderator may keep an author from speaking: nobody acts on who ranks as high, and a persona has its roster. */
export const silenceable = ({ author }: Pick<ChatMessage, "author">): boolean => author.kind === "viewer";

/** What one may do with a message. */
export function actions(message: ChatMessage, you: You | null, moderates: boolean): readonly Action[] {
  if (!moderates || message.author.kind === "system") return ALL;
  const own = message.author.id === you?.id;
  if (message.author.kind === "moderator" && !own) return ALL;
  return [...ALL, REMOVE, ...(silenceable(message) && !own ? SILENCE : [])];
}

/** What a key does on a message; null if nothing. */
export function actOf(key: string, message: ChatMessage, of: readonly Action[]): Act | null {
  if (key === "Enter") return message.reply_to ? "thread" : null;
  return of.find((action) => action.key === key.toLowerCase())?.act ?? null;
}
