/** What moderators decide of a room: how everyone may chat in it, and what waits for them. */

import { Refused, decide, letModerate, removeMessage, silence } from "./api";
import type { ChatMessage, Modes, ModerationVerdict, ServerFrame, You } from "./protocol";

export interface Waiting {
  readonly message: ChatMessage;
  readonly verdict: ModerationVerdict;
}

/** How long a time-out is that comes of a button, in seconds. */
export const TIMEOUT = 600;

/** What was sent later than now by more than this, in milliseconds, is of a clock that was set back: see `serverTime`. */
const SLACK = 2_000;

const OFF: Modes = {};

export class Moderation {
  modes = $state.raw<Modes>(OFF);
  /** What waits for a moderator, the oldest first; empty for who is none. */
  held = $state.raw<readonly Waiting[]>([]);
  moderates = $state(false);
  /** When one spoke last, by the server's clock, in milliseconds since 1970. */
  #spoke = $state(-Infinity);
  /** As whom. */
  #you: string | null = null;
  /** The authors' names of the messages that one decides about, until it is known who did. */
  readonly #deciding = new Map<string, string>();

  /** `tell` tells who moderates something. */
  constructor(
    readonly room: string,
    readonly tell: (text: string) => void,
  ) {}

  /** Takes a frame. What it says of modes and of what waits holds until the next hello. */
  take(frame: ServerFrame): void {
    switch (frame.type) {
      case "hello":
        this.modes = OFF;
        this.held = [];
        this.#deciding.clear();
        if (frame.you.id !== this.#you) this.#spoke = -Infinity;
        this.#you = frame.you.id;
        this.moderates = frame.you.scopes.includes("moderate");
        break;
      case "modes":
        this.modes = frame;
        break;
      case "held":
        this.held = [...this.held.filter(({ message }) => message.id !== frame.message.id), frame];
        break;
      case "decided":
        this.#outrun(frame);
        this.held = this.held.filter(({ message }) => message.id !== frame.id);
        break;
    }
  }

  /** One's own latest message is in the room since then, by the server's clock. */
  spoke(at: number): void {
    this.#spoke = at;
  }

  /**
   * In slow mode: how long it is until one may speak again, in milliseconds, from a time of the server's clock. As for the
   * gateway, what lies in the future is past.
   */
  wait(now: number): number {
    if (this.moderates || !this.modes.slow_seconds) return 0;
    const slow = this.modes.slow_seconds * 1000;
    const left = this.#spoke + slow - now;
    return left > slow + SLACK ? 0 : Math.max(0, Math.min(left, slow));
  }

  // Each of these gives what it did in words, or throws why it could not.

  async remove({ id, author }: ChatMessage): Promise<string> {
    await removeMessage(this.room, id);
    return `A message of ${author.name} is deleted.`;
  }

  async timeout({ id, name }: ChatMessage["author"]): Promise<string> {
    await silence(this.room, id, TIMEOUT);
    return `${name} is timed out for ${TIMEOUT / 60} minutes.`;
  }

  async ban({ id, name }: ChatMessage["author"]): Promise<string> {
    await silence(this.room, id, null);
    // Another may have taken the name by then.
    return `${name} is banned. /unban ${id} ends it.`;
  }

  /** Decides about what waits. If somebody else was faster, that is told once it is known who. */
  async decide(id: string, decision: "approve" | "deny"): Promise<void> {
    const waiting = this.held.find(({ message }) => message.id === id);
    if (waiting) this.#deciding.set(id, waiting.message.author.name);
    try {
      await decide(this.room, id, decision);
      this.#deciding.delete(id);
    } catch (error) {
      // Somebody else was faster, or time was.
      if (!(error instanceof Refused && (error.status === 404 || error.code === "decided"))) {
        this.#deciding.delete(id);
        throw error;
      }
    }
    this.held = this.held.filter(({ message }) => message.id !== id);
  }

  /** Tells that another has decided what one was deciding, or time has. */
  #outrun({ id, decision, by }: Extract<ServerFrame, { type: "decided" }>): void {
    const author = this.#deciding.get(id);
    this.#deciding.delete(id);
    if (author === undefined || by.id === this.#you) return;
    const what = `the message of ${author}`;
    this.tell(decision === "expired" ? `Time is over for ${what}: it is not said.` : `${by.name} has ${decision} ${what} already.`);
  }

  /** Has the operator's token let one's own session moderate. It is used this once, and kept nowhere. */
  async begin(you: You, token: string): Promise<void> {
    await letModerate(this.room, you.id, token);
  }
}

/** How everyone may chat, in words; what is as everywhere is left out. */
export function restrictions({ slow_seconds, known_minutes, emote_only, unique }: Modes): { name: string; about: string }[] {
  const found: { name: string; about: string }[] = [];
  if (slow_seconds) found.push({ name: `Slow mode: ${slow_seconds} s`, about: "So much time lies between two messages of one person" });
  if (emote_only) found.push({ name: "Emotes only", about: "Messages are made of emotes alone" });
  if (typeof known_minutes === "number") {
    const name = known_minutes === 0 ? "Only who has a name" : `Only who has been here for ${known_minutes} min`;
    found.push({ name, about: "Who has just come can’t speak yet" });
  }
  if (unique) found.push({ name: "No repeats", about: "What was said in the last five minutes is not said again" });
  return found;
}
