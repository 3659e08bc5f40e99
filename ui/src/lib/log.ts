/**
 * What the page knows of a room's log, and how each frame changes it. Nothing here waits, reads a
 * clock or touches the page.
 *
 * A log is in the order of its offsets, holds each message once, and marks every place at which
 * something is missing. Taking a message costs the same whether there are ten or ten thousand.
 */

import type { ChatMessage, MessagesPage, Placed, ServerFrame } from "./protocol";

/** How many messages the page keeps. */
export const KEPT = 10_000;

/** So many go at once when there are too many: one change of the list instead of one a message. */
export const SLACK = 1_000;

export interface Line {
  readonly offset: number;
  readonly message: ChatMessage;
  /** Whether messages before this one were lost. */
  readonly gap: boolean;
  /** Why a moderator took it back; empty if nobody said. Absent if nobody took it back. */
  readonly removed?: string;
  /** Whether it is the page's own word to its reader, which is in no room's log. */
  readonly local?: boolean;
}

export class Log {
  /** In which log the offsets count; null before anything is known. */
  epoch: string | null = null;
  /** The newest offset that is known; null before anything is known. */
  newest: number | null = null;
  /** Oldest first. Changed in place: whoever shows it takes a copy. */
  readonly lines: Line[] = [];
  /** How many messages were ever added at the end. */
  appended = 0;
  /** Changes when lines go, come at the beginning, or become others. */
  edition = 0;

  /** Whether what comes next does not follow on what is here. */
  #broken = false;
  /** The offset of the first line, while the lines begin in the log of this epoch. */
  #oldest: number | null = null;
  readonly #byId = new Map<string, Line>();

  /** Takes a page of history, which is where the page begins. */
  begin(page: MessagesPage): void {
    this.epoch = page.epoch;
    this.newest = page.messages.at(-1)?.offset ?? 0;
    this.#oldest = page.messages[0]?.offset ?? null;
    for (const placed of page.messages) this.#add(line(placed));
  }

  /** Takes a frame. True says that the log has a hole which only coming back can fill. */
  take(frame: ServerFrame): boolean {
    switch (frame.type) {
      case "hello":
        this.#hello(frame);
        return false;
      case "message":
        return this.#message(frame.offset, frame.message);
      case "remove":
        this.#remove(({ message }) => message.id === frame.id, frame.reason);
        return false;
      case "clear":
        this.#remove(
          ({ offset, message }) => offset <= frame.up_to && (!frame.author || message.author.id === frame.author),
          frame.reason,
        );
        return false;
      default:
        return false;
    }
  }

  /** The line of a message, taken back or not. */
  line(id: string): Line | null {
    return this.#byId.get(id) ?? null;
  }

  /** A message that nobody took back. */
  find(id: string): ChatMessage | null {
    const line = this.line(id);
    return line && line.removed === undefined ? line.message : null;
  }

  /** Puts a word of the page's own after what is here. */
  note(message: ChatMessage): void {
    this.#add({ offset: this.newest ?? 0, message, gap: false, local: true });
    this.appended += 1;
  }

  /** Where the connection goes on, as part of a query. */
  resume(): Record<string, string> {
    return this.newest === null || this.epoch === null ? {} : { after: String(this.newest), epoch: this.epoch };
  }

  /** What to ask for to go further back, at most `limit` messages; null if there is nothing. */
  before(limit: number): { after: number; limit: number } | null {
    if (this.#oldest === null || this.#oldest <= 1) return null;
    const count = Math.min(limit, this.#oldest - 1);
    return { after: this.#oldest - 1 - count, limit: count };
  }

  /** Puts older messages before the others. Says how many. */
  prepend(page: MessagesPage): number {
    const oldest = this.#oldest;
    if (oldest === null || page.epoch !== this.epoch) return 0;
    const older = page.messages.filter(({ offset }) => offset < oldest);
    const added = older
      .filter(({ message }) => !this.#byId.has(message.id))
      .map(line);
    this.lines.unshift(...added);
    this.edition += 1;
    for (const line of added) this.#byId.set(line.message.id, line);
    // The server's log may begin later than at 1: then there is nothing further back.
    this.#oldest = older[0]?.offset ?? null;
    return added.length;
  }

  /** The offsets of the first and the last message; no offset is between them if there is none. */
  extent(): { first: number; last: number } {
    const real = ({ local }: Line) => !local;
    return { first: Math.max(1, this.lines.find(real)?.offset ?? 1), last: this.lines.findLast(real)?.offset ?? 0 };
  }

  /** Takes what the log holds now of what is here. Says whether something was taken back that nobody told of. */
  compare({ epoch, messages }: MessagesPage): boolean {
    if (epoch !== this.epoch) return false;
    const { edition } = this;
    const gone = new Set(messages.filter(({ message }) => message.deleted).map(({ message }) => message.id));
    if (gone.size > 0) this.#remove(({ message }) => gone.has(message.id), "");
    return this.edition !== edition;
  }

  /** Lets the oldest go, down to `most`, once there are `SLACK` more. Says how many went. */
  trim(most: number = KEPT): number {
    if (this.lines.length < most + SLACK) return 0;
    const gone = this.lines.splice(0, this.lines.length - most);
    this.edition += 1;
    for (const line of gone) this.#byId.delete(line.message.id);
    if (this.#oldest !== null) this.#oldest = this.lines.find(({ local }) => !local)?.offset ?? null;
    return gone.length;
  }

  #hello({ epoch, offset, recovered }: Extract<ServerFrame, { type: "hello" }>): void {
    if (this.epoch === null || this.newest === null) {
      this.epoch = epoch;
      this.newest = offset;
      return;
    }
    if (epoch === this.epoch && recovered) return;
    if (epoch !== this.epoch) this.#oldest = null;
    // What the log still holds comes next, or of another one the latest; what is already on the page stays, and
    // its ids keep it from being shown twice.
    this.epoch = epoch;
    this.newest = null;
    this.#broken = this.lines.length > 0;
  }

  #message(offset: number, message: ChatMessage): boolean {
    if (this.newest !== null && offset <= this.newest) return false;
    if (this.newest !== null && offset > this.newest + 1) return true;
    this.newest = offset;
    if (this.#byId.has(message.id)) {
      // It was here before it was taken back.
      if (message.deleted) this.#remove((line) => line.message.id === message.id, "");
      return false;
    }
    if (this.lines.length === 0) this.#oldest = offset;
    this.#add({ ...line({ offset, message }), gap: this.#broken });
    this.#broken = false;
    this.appended += 1;
    return false;
  }

  #add(line: Line): void {
    this.lines.push(line);
    this.#byId.set(line.message.id, line);
  }

  /** What is taken back stays where it was: what it was is for moderators alone. */
  #remove(is: (line: Line) => boolean, reason: string): void {
    for (const [at, line] of this.lines.entries()) {
      if (line.removed !== undefined || line.local || !is(line)) continue;
      const gone = { ...line, removed: reason };
      this.lines[at] = gone;
      this.#byId.set(line.message.id, gone);
      this.edition += 1;
    }
  }
}

/** One that was taken back before it came has its place alone. */
const line = ({ offset, message }: Placed): Line =>
  message.deleted ? { offset, message, gap: false, removed: "" } : { offset, message, gap: false };
