/** The room over HTTP: what is really in its log, and what others say. */

import type { HeldList, MessagesPage, Placed, RoomStatus } from "../../src/lib/protocol";
import { ROOM } from "./home";
import type { Host } from "./host";

/** How many requests wait for an answer at a time. */
const AT_ONCE = 64;

export interface Said {
  id: string;
  offset: number;
}

export class RoomApi {
  constructor(
    private readonly host: Host,
    readonly id: string = ROOM,
  ) {}

  /** How it is doing. */
  async status(): Promise<RoomStatus> {
    const answer = await fetch(`${this.host.url}/v1/rooms/${this.id}`);
    return (await answer.json()) as RoomStatus;
  }

  /** The whole log. */
  async log(): Promise<Placed[]> {
    const entries: Placed[] = [];
    for (;;) {
      const after = entries.at(-1)?.offset ?? 0;
      const page = await this.#get<MessagesPage>(`messages?after=${after}&limit=500`);
      if (page.messages.length === 0) return entries;
      entries.push(...page.messages);
    }
  }

  /** The newest message of the log. */
  async newest(): Promise<Placed> {
    const { messages } = await this.#get<MessagesPage>("messages?limit=1");
    const [newest] = messages;
    if (!newest) throw new Error("nothing has been said");
    return newest;
  }

  /** Somebody says something; the operator's bridge speaks for everybody and knows no rate. */
  async say(author: string, text: string, replyTo?: string): Promise<Said> {
    return this.#post<Said>("messages", { author, text, ...(replyTo === undefined ? {} : { reply_to: replyTo }) });
  }

  /** The operator gives a command; what it did. */
  async command(text: string): Promise<string> {
    return (await this.#post<{ notice: string }>("messages", { text })).notice;
  }

  /** The ids of the messages that wait for a moderator, the oldest first. */
  async waiting(): Promise<string[]> {
    const { held } = await this.#get<HeldList>("held");
    return held.map(({ message }) => message.id);
  }

  /** Says `text(1)` to `text(count)` in this order, by a few authors. */
  async flood(count: number, text: (number: number) => string): Promise<void> {
    for (let i = 1; i <= count; i++) await this.say(`Flooder ${i % 7}`, text(i));
  }

  /** Says as many, as fast as it goes; their order is the room's to decide. */
  async fill(count: number, text: (number: number) => string): Promise<void> {
    let next = 1;
    const one = async () => {
      while (next <= count) {
        const i = next++;
        await this.say(`Guest ${i % 23}`, text(i));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  }

  /** Something happens on the stream. */
  async show(context: Record<string, unknown>): Promise<void> {
    const whole = { v: 1, room_id: this.id, at: new Date().toISOString(), position_ms: 1000, ...context };
    await this.#post("context", whole);
  }

  async #get<T>(path: string): Promise<T> {
    return this.#ask<T>(path, {});
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    const headers = { "content-type": "application/json" };
    return this.#ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #ask<T>(path: string, { headers, ...options }: RequestInit): Promise<T> {
    const authorization = `Bearer ${this.host.token}`;
    const answer = await fetch(`${this.host.url}/v1/rooms/${this.id}/${path}`, {
      ...options,
      headers: { ...headers, authorization },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}
