import { Rng } from "./rng.js";
import * as words from "./words.js";

/** What a persona knows in every call: the contract's record, with what is asked of it most. */
export class Turn {
  /** Randomness for this call: the same turn gives the same numbers. */
  rng() {
    return new Rng(this.seed);
  }

  /** The latest message of this id, if it is still among the recent ones. */
  message(id) {
    return this.recent.findLast((message) => message.id === id);
  }

  /** The message that waits for an answer, if one does and is at hand. */
  waiting() {
    return this.impulse.answer == null ? undefined : this.message(this.impulse.answer);
  }

  /** Whether the persona wrote this itself. */
  isMine(message) {
    return this.profile.is(message.author.id);
  }

  /** Whether the message speaks to the persona: by the room's own mark, or by its name as a word. */
  isNamedIn(message) {
    return (
      message.mentions.some((id) => this.profile.is(id)) ||
      words.hasPhrase(message.text, this.profile.name)
    );
  }
}

/** Who the persona is in this room. */
export class Profile {
  /** Whether this author id is the persona's own. */
  is(authorId) {
    return authorId === `persona:${this.id}`;
  }

  /** A trait with its drift, 0 to 1; `otherwise` if it is not configured. */
  trait(name, otherwise = 0) {
    const find = (values) => values.find((value) => value.name === name)?.value;
    const value = (find(this.traits) ?? otherwise) + (find(this.drift) ?? 0);
    return Math.min(1, Math.max(0, value));
  }

  /** How it stands to this author, if it knows them. */
  relationship(authorId) {
    return this.relationships.find((relationship) => relationship.authorId === authorId);
  }
}

/** Gives the contract's records their methods. */
export function turnOf(record) {
  Object.setPrototypeOf(record.profile, Profile.prototype);
  return Object.setPrototypeOf(record, Turn.prototype);
}

/** Whether a person wrote it. */
export function isHuman(message) {
  return message.author.kind === "viewer" || message.author.kind === "moderator";
}
