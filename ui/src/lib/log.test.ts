import { describe, expect, it } from "vitest";
import { EMPTY, KEPT, apply, begin, resume, type Log } from "./log";
import type { ChatMessage, ServerFrame } from "./protocol";

function said(n: number, id = `id-${n}`): ChatMessage {
  return {
    v: 1,
    id,
    room_id: "main/lobby",
    author: { id: "guest:ana", name: "ana", kind: "viewer" },
    text: String(n),
    sent_at: "2026-01-31T12:00:00.000Z",
  };
}

const message = (offset: number, id?: string): ServerFrame => ({ type: "message", offset, message: said(offset, id) });

const hello = (epoch: string, offset: number, recovered: boolean): ServerFrame => ({
  type: "hello",
  epoch,
  offset,
  recovered,
  you: { id: "guest:ana", name: "ana", kind: "viewer", scopes: ["read", "say"] },
});

const page = (epoch: string, ...offsets: number[]) =>
  begin({ epoch, complete: true, messages: offsets.map((offset) => ({ offset, message: said(offset) })) });

/** Applies frames, none of which may leave a hole. */
function after(log: Log, ...frames: ServerFrame[]): Log {
  return frames.reduce((log, frame) => {
    const applied = apply(log, frame);
    expect(applied.missed).toBe(false);
    return applied.log;
  }, log);
}

const texts = (log: Log) => log.lines.map((line) => (line.gap ? `…${line.message.text}` : line.message.text));

describe("a log", () => {
  it("goes on after its history", () => {
    const log = after(page("a", 1, 2), hello("a", 3, true), message(3), message(4));
    expect(texts(log)).toEqual(["1", "2", "3", "4"]);
    expect(resume(log)).toBe("?after=4&epoch=a");
  });

  it("begins from now without history", () => {
    expect(resume(EMPTY)).toBe("");
    const log = after(EMPTY, hello("a", 7, true), message(8));
    expect(texts(log)).toEqual(["8"]);
  });

  it("begins in an empty room", () => {
    const log = page("a");
    expect(resume(log)).toBe("?after=0&epoch=a");
    expect(texts(after(log, hello("a", 0, true), message(1)))).toEqual(["1"]);
  });

  it("shows nothing twice", () => {
    const log = after(page("a", 1, 2), message(2), message(1), message(3), message(3));
    expect(texts(log)).toEqual(["1", "2", "3"]);
  });

  it("notices a hole and takes nothing beyond it", () => {
    const { log, missed } = apply(page("a", 1, 2), message(4));
    expect(missed).toBe(true);
    expect(texts(log)).toEqual(["1", "2"]);
    expect(resume(log)).toBe("?after=2&epoch=a");
    expect(texts(after(log, hello("a", 4, true), message(3), message(4)))).toEqual(["1", "2", "3", "4"]);
  });

  it("marks what was lost", () => {
    const log = after(page("a", 1, 2), hello("a", 9, false), message(8), message(9), message(10));
    expect(texts(log)).toEqual(["1", "2", "…8", "9", "10"]);
  });

  it("takes up another log without showing a message again", () => {
    const log = after(page("a", 1, 2, 3), hello("b", 2, false), message(1, "id-3"), message(2, "new"));
    expect(log.lines.map((line) => line.message.id)).toEqual(["id-1", "id-2", "id-3", "new"]);
    expect(texts(log).at(-1)).toBe("…2");
    expect(resume(log)).toBe("?after=2&epoch=b");
  });

  it("forgets what was removed", () => {
    const log = after(page("a", 1, 2, 3), { type: "remove", id: "id-2", reason: "spam" });
    expect(texts(log)).toEqual(["1", "3"]);
  });

  it("is bounded", () => {
    let log = page("a");
    for (let offset = 1; offset <= KEPT + 10; offset++) log = after(log, message(offset));
    expect(log.lines.length).toBe(KEPT);
    expect(log.newest).toBe(KEPT + 10);
  });
});
