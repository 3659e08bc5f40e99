import { describe, expect, it } from "vitest";
import { KEPT, Log, SLACK } from "./log";
import type { ChatMessage, MessagesPage, ServerFrame } from "./protocol";

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

const page = (epoch: string, ...offsets: number[]): MessagesPage => ({
  epoch,
  complete: true,
  messages: offsets.map((offset) => ({ offset, message: said(offset) })),
});

function log(epoch: string, ...offsets: number[]): Log {
  const log = new Log();
  log.begin(page(epoch, ...offsets));
  return log;
}

/** Takes frames, none of which may leave a hole. */
function take(log: Log, ...frames: ServerFrame[]): Log {
  for (const frame of frames) expect(log.take(frame)).toBe(false);
  return log;
}

const texts = (log: Log) => log.lines.map((line) => (line.gap ? `…${line.message.text}` : line.message.text));

describe("a log", () => {
  it("goes on after its history", () => {
    const it = take(log("a", 1, 2), hello("a", 3, true), message(3), message(4));
    expect(texts(it)).toEqual(["1", "2", "3", "4"]);
    expect(it.resume()).toEqual({ after: "4", epoch: "a" });
  });

  it("begins from now without history", () => {
    expect(new Log().resume()).toEqual({});
    expect(texts(take(new Log(), hello("a", 7, true), message(8)))).toEqual(["8"]);
  });

  it("begins in an empty room", () => {
    const it = log("a");
    expect(it.resume()).toEqual({ after: "0", epoch: "a" });
    expect(texts(take(it, hello("a", 0, true), message(1)))).toEqual(["1"]);
  });

  it("holds nothing twice", () => {
    const it = take(log("a", 1, 2), message(2), message(1), message(3), message(3));
    expect(texts(it)).toEqual(["1", "2", "3"]);
    expect(it.appended).toBe(1);
  });

  it("notices a hole and takes nothing beyond it", () => {
    const it = log("a", 1, 2);
    expect(it.take(message(4))).toBe(true);
    expect(texts(it)).toEqual(["1", "2"]);
    expect(it.resume()).toEqual({ after: "2", epoch: "a" });
    expect(texts(take(it, hello("a", 4, true), message(3), message(4)))).toEqual(["1", "2", "3", "4"]);
  });

  it("marks what was lost", () => {
    const it = take(log("a", 1, 2), hello("a", 9, false), message(8), message(9), message(10));
    expect(texts(it)).toEqual(["1", "2", "…8", "9", "10"]);
  });

  it("takes up another log without showing a message again", () => {
    const it = take(log("a", 1, 2, 3), hello("b", 2, false), message(1, "id-3"), message(2, "new"));
    expect(it.lines.map((line) => line.message.id)).toEqual(["id-1", "id-2", "id-3", "new"]);
    expect(texts(it).at(-1)).toBe("…2");
    expect(it.resume()).toEqual({ after: "2", epoch: "b" });
  });

  it("finds a message by its id until that is removed", () => {
    const it = log("a", 1, 2, 3);
    expect(it.find("id-2")?.text).toBe("2");
    take(it, { type: "remove", id: "id-2", reason: "spam" }, { type: "remove", id: "unknown", reason: "spam" });
    expect(it.find("id-2")).toBeNull();
    expect(it.lines.map(({ removed }) => removed)).toEqual([undefined, "spam", undefined]);
  });

  it.each([
    ["everybody's up to an offset", { up_to: 2 }, [1, 2]],
    ["one author's", { up_to: 9, author: "guest:ben" }, [2]],
    ["nobody's", { up_to: 9, author: "guest:eve" }, []],
  ])("marks %s as taken back", (_, what, gone) => {
    const ben = { ...said(2), author: { id: "guest:ben", name: "Ben", kind: "viewer" } as const };
    const mixed = new Log();
    mixed.begin({ epoch: "a", complete: true, messages: [1, 2, 3].map((offset) => ({ offset, message: offset === 2 ? ben : said(offset) })) });
    const { edition } = mixed;
    take(mixed, { type: "clear", reason: "spam", ...what });
    expect(mixed.lines.filter(({ removed }) => removed === "spam").map(({ offset }) => offset)).toEqual(gone);
    expect(mixed.edition - edition).toBe(gone.length);
  });

  it("keeps the place of what was taken back before it came", () => {
    const gone: ServerFrame = { type: "message", offset: 3, message: { ...said(3), text: "(removed)", deleted: true } };
    const it = take(log("a", 1, 2), gone, message(4));
    expect(it.lines.map(({ removed }) => removed)).toEqual([undefined, undefined, "", undefined]);
    expect(it.find("id-3")).toBeNull();
  });

  it("takes back what another log, or a look into this one, shows to be gone", () => {
    const gone = (offset: number) => ({ offset, message: { ...said(offset), text: "(removed)", deleted: true } });
    const again = take(log("a", 1, 2, 3), hello("b", 2, false), { type: "message", ...gone(2) });
    expect(again.lines.map(({ removed }) => removed)).toEqual([undefined, "", undefined]);
    expect([again.find("id-2"), again.appended]).toEqual([null, 0]);

    const it = log("a", 1, 2, 3);
    it.note(said(0, "note"));
    expect(it.extent()).toEqual({ first: 1, last: 3 });
    expect(it.compare({ epoch: "b", complete: true, messages: [gone(2)] })).toBe(false);
    expect(it.compare({ epoch: "a", complete: true, messages: [gone(2), ...page("a", 3).messages] })).toBe(true);
    expect(it.compare({ epoch: "a", complete: true, messages: [gone(2)] })).toBe(false);
    expect(it.lines.map(({ removed }) => removed)).toEqual([undefined, "", undefined, undefined]);
  });

  it("has room for the page's own words, which are no message", () => {
    const it = log("a", 1, 2);
    it.note(said(0, "note"));
    take(it, message(3), { type: "clear", up_to: 9, reason: "" });
    expect(it.lines.map(({ message, removed }) => [message.id, removed])).toEqual([
      ["id-1", ""],
      ["id-2", ""],
      ["note", undefined],
      ["id-3", ""],
    ]);
    expect(it.resume()).toEqual({ after: "3", epoch: "a" });
  });

  it("lets its oldest go in one piece", () => {
    const it = log("a");
    for (let offset = 1; offset < KEPT + SLACK; offset++) it.take(message(offset));
    expect(it.trim()).toBe(0);
    it.take(message(KEPT + SLACK));
    expect(it.trim()).toBe(SLACK);
    expect(it.lines.length).toBe(KEPT);
    expect(it.find("id-1")).toBeNull();
    expect(it.before(100)).toEqual({ after: SLACK - 100, limit: 100 });
  });
});

describe("going back in a log", () => {
  it("asks for what is before its first message, and no more than there is", () => {
    expect(log("a", 301, 302).before(100)).toEqual({ after: 200, limit: 100 });
    expect(log("a", 41, 42).before(100)).toEqual({ after: 0, limit: 40 });
    expect(log("a", 1, 2).before(100)).toBeNull();
    expect(log("a").before(100)).toBeNull();
  });

  it("puts the older before the others", () => {
    const it = log("a", 4, 5);
    expect(it.prepend(page("a", 2, 3, 4))).toBe(2);
    expect(texts(it)).toEqual(["2", "3", "4", "5"]);
    expect(it.before(10)).toEqual({ after: 0, limit: 1 });
  });

  it("ends where the server's log begins", () => {
    const it = log("a", 4, 5);
    expect(it.prepend(page("a", 4, 5))).toBe(0);
    expect(it.before(10)).toBeNull();
  });

  it("does not mix logs of different epochs", () => {
    const it = log("a", 4, 5);
    expect(it.prepend(page("b", 2, 3))).toBe(0);
    take(it, hello("b", 1, false), message(1, "other"));
    expect(it.before(10)).toBeNull();
  });
});
