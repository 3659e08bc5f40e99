/** The gateway's end of a WebSocket, for tests. */

import type { ChatMessage, ClientFrame, ServerFrame } from "./protocol";

export function said(n: number): ChatMessage {
  const author = { id: "guest:ben", name: "Ben", kind: "viewer" } as const;
  return { v: 1, id: `id-${n}`, room_id: "main/lobby", author, text: String(n), sent_at: "2026-01-31T12:00:00.000Z" };
}

export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readonly readyState = FakeSocket.OPEN;
  readonly sent: ClientFrame[] = [];
  closed = false;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor(readonly url: URL) {
    FakeSocket.all.push(this);
  }

  /** The last that was made. */
  static newest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (!socket) throw new Error("nothing has connected");
    return socket;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.closed = true;
  }

  /** The gateway or the network ends it. */
  end(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  say(...frames: ServerFrame[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  hello(epoch: string, offset: number, recovered = true, ...more: "moderate"[]): void {
    const you = { id: "guest:ana", name: "Ana", kind: "viewer" } as const;
    this.say({ type: "hello", epoch, offset, recovered, you: { ...you, scopes: ["read", "say", ...more] } });
  }

  messages(...offsets: number[]): void {
    this.say(...offsets.map((offset): ServerFrame => ({ type: "message", offset, message: said(offset) })));
  }

  get query(): string {
    return this.url.search;
  }
}
