/** What the send box offers while one types: names after `@`, emotes after `:`, commands after a `/` at the start. */

import { named } from "./commands";

export interface Choice {
  readonly kind: "name" | "emote" | "command";
  /** A name, an emote's code, a command without its slash. */
  readonly term: string;
  /** What follows a command. */
  readonly takes?: string;
  /** The author id of a name; absent if several have the name. */
  readonly id?: string;
  /** What to say of it: an emote's meaning, that a name is a persona's, what a command does. */
  readonly about: string;
}

export interface Completion {
  /** The part of the text that a choice takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly choices: readonly Choice[];
}

/** At most so many are offered. */
export const MOST = 8;

/** All that can be offered. */
export interface Offers {
  readonly names: readonly Choice[];
  readonly emotes: readonly Choice[];
  readonly commands: readonly Choice[];
}

/**
 * What is offered at the caret; null if nothing is. A name may have spaces, an emote has none; both
 * begin where a word does. What was typed whole comes first, then what begins with it, then what holds it.
 */
export function complete(text: string, caret: number, { names, emotes, commands }: Offers): Completion | null {
  const before = text.slice(0, caret);
  const command = /^\/([a-z]*)$/i.exec(before);
  if (command) return offer(0, caret, command[1] ?? "", commands);
  const emote = /(?:^|[^a-z0-9:])(:([a-z0-9_]*))$/i.exec(before);
  // A lone colon is punctuation, and with one letter it is a face (`:D`), which Enter is to send; `@` alone asks who is there.
  if (emote?.[1] && emote[2] && emote[2].length > 1) return offer(caret - emote[1].length, caret, emote[2], emotes);
  const at = before.lastIndexOf("@");
  if (at < 0 || /[\p{Alphabetic}\p{N}]$/u.test(before.slice(0, at))) return null;
  const typed = before.slice(at + 1);
  return offer(at, caret, named(text) === null ? typed : typed.replace(/^"/, ""), names);
}

/**
 * What is offered for the word before the caret, which says not of itself what it is to be: names and emotes that begin
 * with it; null if none does.
 */
export function completeWord(text: string, caret: number, { names, emotes }: Offers): Completion | null {
  const word = /(?:^|\s)([\p{Alphabetic}\p{N}_'-]{2,})$/u.exec(text.slice(0, caret))?.[1];
  if (word === undefined) return null;
  // In lower case it may be longer.
  const wanted = word.toLowerCase();
  const choices = [...names, ...emotes].filter(({ term }) => term.toLowerCase().startsWith(wanted)).slice(0, MOST);
  return choices.length === 0 ? null : { from: caret - word.length, to: caret, choices };
}

/** What takes the word's place without being chosen: a name, if nothing else is offered. Emotes are ordinary words, too. */
export function sole({ choices }: Completion): Choice | null {
  const [only, ...others] = choices;
  return only?.kind === "name" && others.length === 0 ? only : null;
}

function offer(from: number, to: number, typed: string, all: readonly Choice[]): Completion | null {
  const wanted = typed.toLowerCase();
  const whole = all.filter(({ term }) => term.toLowerCase() === wanted);
  const begins = all.filter((choice) => !whole.includes(choice) && choice.term.toLowerCase().startsWith(wanted));
  const holds = all.filter((choice) => !whole.includes(choice) && !begins.includes(choice) && wanted !== "" && isIn(choice, wanted));
  const choices = [...whole, ...begins, ...holds].slice(0, MOST);
  return choices.length === 0 ? null : { from, to, choices };
}

/** Names are known by their later words, too, and emotes by what they mean. */
function isIn({ kind, term, about }: Choice, wanted: string): boolean {
  const words = kind === "name" ? term : `${term} ${about}`;
  return words
    .toLowerCase()
    .split(/[^\p{Alphabetic}\p{N}']+/u)
    .some((word) => word.startsWith(wanted));
}

/** The text with a choice in its place, and where the caret is then: after it and one space. */
export function choose(text: string, { from, to }: Completion, choice: Choice): { text: string; caret: number } {
  const put = written(text, choice);
  const rest = text.slice(to);
  const caret = from + put.length + 1;
  return { text: `${text.slice(0, from)}${put}${rest.startsWith(" ") ? "" : " "}${rest}`, caret };
}

/** Whether a choice stands in the text as it would be put there, whatever its letter case: then it need not be chosen. */
export function isWritten(text: string, { from }: Completion, choice: Choice): boolean {
  const put = written(text, choice);
  const there = text.slice(from, from + put.length);
  return there.toLowerCase() === put.toLowerCase() && !/^[\p{Alphabetic}\p{N}]/u.test(text.slice(from + put.length));
}

const written = (text: string, choice: Choice): string =>
  ({ name: called(choice, text), emote: `:${choice.term}:`, command: `/${choice.term}` })[choice.kind];

/**
 * A name as it is written in a text. A command takes one word as a name, or what stands in quotation marks; who has a name
 * that can't stand there has an id, which always can.
 */
export function called({ term, id }: Pick<Choice, "term" | "id">, text: string): string {
  if (named(text) === null) return `@${term}`;
  if (id !== undefined && /^@|"/.test(term)) return id;
  return /\s/.test(term) ? `@"${term}"` : `@${term}`;
}
