/** Whom one can call by name in a room: its personas, the people who are there, and who wrote lately. */

import type { Choice } from "./completion";
import type { Person, PersonaStatus } from "./protocol";

/** How many of those who wrote are kept in mind. */
const RECENT = 200;

/** Who wrote lately, the latest last. Gives the same list if there is nothing new. */
export function wrote(recent: readonly Person[], author: Person): readonly Person[] {
  const known = recent.find(({ id }) => id === author.id);
  if (known && known.name === author.name) return recent;
  return [...recent.filter(({ id }) => id !== author.id), author].slice(-RECENT);
}

/** All of them, each name once, personas first, without oneself. */
export function callable(
  personas: readonly PersonaStatus[],
  people: readonly Person[],
  recent: readonly Person[],
  you: string | null,
): Choice[] {
  const choices = new Map<string, Choice>();
  const add = (name: string, about: string) => {
    const key = name.toLowerCase();
    if (!choices.has(key)) choices.set(key, { kind: "name", term: name, about });
  };
  for (const { name } of personas) add(name, "AI persona");
  for (const { id, name, kind } of [...people, ...recent.toReversed()]) {
    if (id !== you) add(name, kind === "persona" ? "AI persona" : kind === "moderator" ? "moderator" : "");
  }
  return [...choices.values()];
}
