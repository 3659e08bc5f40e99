import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emote, takeOwn } from "../lib/emote";
import type { Placed } from "../lib/protocol";
import { FakeSocket, said } from "../lib/socket.fake";
import { Feed, type Listener } from "./feed";

/** What is in the room's log, as the gateway tells it. */
let log: { epoch: string; messages: Placed[] };
/** Whether the server answers. */
let answers: boolean;
/** The codes of its own emotes; null if it does not answer. */
let emotes: string[] | null;
let heard: string[];

const listener: Listener = {
  message: (offset, { text }, isNew) => heard.push(`${isNew ? "new" : "old"} ${text} at ${offset}`),
  frame: ({ type }) => heard.push(type),
  oldest: () => 1,
  left: (from, to, ids) => heard.push(`of ${from} to ${to}: ${[...ids].join(" ")}`),
  renewed: () => heard.push("renewed"),
  connected: (why) => heard.push(why ?? "connected"),
};

const settled = () => vi.advanceTimersByTimeAsync(50);
const newest = () => FakeSocket.newest();

/** What has been heard since it was asked last. */
function news(): string[] {
  return heard.splice(0);
}

/** A feed of the log `a` with messages 1 and 2, connected for the first time. */
async function connected(): Promise<Feed> {
  const feed = new Feed("main/lobby", 50, listener);
  feed.start();
  await settled();
  newest().hello("a", 2);
  await settled();
  return feed;
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  heard = [];
  answers = true;
  emotes = [];
  log = { epoch: "a", messages: [1, 2].map((offset) => ({ offset, message: said(offset) })) };
  vi.stubGlobal("location", { href: "http://127.0.0.1/overlay/main/lobby" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", (path: string) => {
    if (!answers) return Promise.reject(new TypeError("Failed to fetch"));
    const { pathname, searchParams: query } = new URL(path, "http://127.0.0.1");
    if (pathname === "/v1/rooms/main/lobby") {
      const room = { viewers: 1, epoch: log.epoch, offset: log.messages.at(-1)?.offset ?? 0 };
      return Promise.resolve(new Response(JSON.stringify(room)));
    }
    if (pathname === "/v1/rooms/main/lobby/emotes") {
      const list = emotes?.map((code) => ({ code, image: `/${code}`, width: 32, height: 32, animated: false }));
      return list ? Promise.resolve(new Response(JSON.stringify({ emotes: list }))) : Promise.reject(new TypeError("no answer"));
    }
    const after = Number(query.get("after") ?? 0);
    const messages = log.messages.filter(({ offset }) => offset > after).slice(0, Number(query.get("limit")));
    return Promise.resolve(new Response(JSON.stringify({ epoch: log.epoch, messages, complete: true })));
  });
});

afterEach(() => {
  takeOwn({ emotes: [] });
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a feed", () => {
  it("begins with what was said before, and goes on live", async () => {
    await connected();
    expect(newest().url.search).toBe("?after=2&epoch=a&overlay=true");
    newest().messages(3);
    expect(news()).toEqual(["old 1 at 1", "old 2 at 2", "connected", "of 1 to 2: id-1 id-2", "new 3 at 3"]);
  });

  it("goes on after the last message that it had, and tells none twice", async () => {
    await connected();
    newest().end();
    await vi.advanceTimersByTimeAsync(500);
    news();
    newest().hello("a", 3);
    newest().messages(2, 3, 4);
    expect(news().slice(0, 3)).toEqual(["connected", "old 3 at 3", "new 4 at 4"]);
  });

  it("tells what is left of what was taken away while it was not connected", async () => {
    await connected();
    newest().end();
    log.messages[0] = { offset: 1, message: { ...said(1), deleted: true } };
    await vi.advanceTimersByTimeAsync(500);
    news();
    newest().hello("a", 2);
    await settled();
    expect(news()).toEqual(["connected", "of 1 to 2: id-2"]);
  });

  it("tells that the log is another one", async () => {
    await connected();
    newest().end();
    await vi.advanceTimersByTimeAsync(500);
    log = { epoch: "b", messages: [{ offset: 1, message: said(9) }] };
    news();
    newest().hello("b", 1, false);
    newest().say({ type: "message", offset: 1, message: said(9) });
    expect(news().slice(0, 3)).toEqual(["connected", "renewed", "old 9 at 1"]);
  });

  it("comes back when it notices a hole, not at once: other pages may have it, too", async () => {
    await connected();
    news();
    newest().messages(5);
    await settled();
    expect([FakeSocket.all.length, newest().closed]).toEqual([1, true]);
    expect(news()).toEqual(["messages are missing"]);
    await vi.advanceTimersByTimeAsync(500);
    expect([FakeSocket.all.length, newest().url.search]).toEqual([2, "?after=2&epoch=a&overlay=true"]);
  });

  it.each([
    ["of a room in which nothing is said, it keeps", 2, 1],
    ["that says nothing of what the room has, it gives up", 3, 2],
  ])("a connection %s", async (_, offset, sockets) => {
    await connected();
    if (offset > 2) log.messages.push({ offset, message: said(offset) });
    await vi.advanceTimersByTimeAsync(66_000);
    expect(FakeSocket.all.length).toBe(sockets);
  });

  it("gives up a connection if the server answers nothing", async () => {
    await connected();
    answers = false;
    await vi.advanceTimersByTimeAsync(126_000);
    expect(FakeSocket.all.map(({ closed }) => closed)).toEqual([true, false]);
    expect(news().at(-1)).toBe("the server does not answer");
  });

  it.each<[string, string[] | null]>([
    ["were not to be had", null],
    ["were others", ["peepo"]],
  ])("has the room's own emotes within a minute after they %s", async (_, before) => {
    emotes = before;
    await connected();
    expect([emote("peepo")?.code, emote("catJAM")]).toEqual([before?.[0], null]);
    emotes = ["catJAM"];
    await vi.advanceTimersByTimeAsync(60_000);
    expect([emote("peepo"), emote("catJAM")?.image]).toEqual([null, "/catJAM"]);
  });

  it("passes on what is no message", async () => {
    await connected();
    news();
    newest().say({ type: "remove", id: "id-1", reason: "moderator" });
    expect(news()).toEqual(["remove"]);
  });
});
