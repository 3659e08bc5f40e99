/** Whom one can call by name in a room: its personas, the people who are there, and who wrote lately. */

import type { Choice } from "./completion";
import type { Person, PersonaStatus } from "./protocol";

/** How many of those who wrote are kept in mind. */
const RECENT = 200;

/** Whom a name means. */
export type Called = Pick<Person, "id" | "name">;

/** A persona as an author of messages. */
export const authorOf = ({ persona_id }: PersonaStatus): string => `persona:${persona_id}`;

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
  const add = (name: string, id: string, about: string) => {
    const key = name.toLowerCase();
    const known = choices.get(key);
    if (!known) choices.set(key, { kind: "name", term: name, id, about });
    else if (known.id !== id) choices.set(key, { kind: "name", term: known.term, about: known.about });
  };
  for (const persona of personas) add(persona.name, authorOf(persona), "AI persona");
  for (const { id, name, kind } of [...people, ...recent.toReversed()]) {
    if (id !== you) add(name, id, kind === "persona" ? "AI persona" : kind === "moderator" ? "moderator" : "");
  }
  return [...choices.values()];
}
