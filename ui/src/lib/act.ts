/** What one does with a message. */

import type { IconName } from "../parts/Icon.svelte";
import type { ChatMessage } from "./protocol";

export type Act = "answer" | "mention" | "card" | "thread";

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
export const ACTIONS: readonly Action[] = [
  { act: "answer", key: "r", icon: "reply", label: (name) => `Reply to ${name}`, title: "Reply (R)" },
  { act: "mention", key: "m", icon: "at", label: (name) => `Mention ${name}`, title: "Mention (M)" },
  { act: "card", key: "c", icon: "person", label: (name) => `Who is ${name}`, title: "Who is that? (C)" },
];

/** What a key does on a message; null if nothing. */
export function actOf(key: string, message: ChatMessage, actions: readonly Action[]): Act | null {
  if (key === "Enter") return message.reply_to ? "thread" : null;
  return actions.find((action) => action.key === key.toLowerCase())?.act ?? null;
}
