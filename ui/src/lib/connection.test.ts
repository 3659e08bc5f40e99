import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refused } from "./api";
import { Connection, type Down, type Owner, type Position } from "./connection";
import { FakeSocket } from "./socket.fake";

/** Answers what is asked for before a socket is made. */
type Answer = (error?: Error) => void;

/** A browser's `online`. */
let online: (() => void) | null;
/** Those who wait for an answer, oldest first; empty if all are answered at once. */
let asked: Answer[];
/** What the server says over HTTP of a WebSocket that it has no place for; it does not answer if this is null. */
let refused: { status: number; detail: string } | null;
/** What was asked for over HTTP. */
let fetched: string[];
let owner: Owner & { told: string[]; viewers: () => number; at: () => Position | null };

/** A connection whose questions wait for their answers if `slow`. */
function connection({ slow = false, final = true, refusal = null as Error | null, viewers = 1, at = null as Position | null } = {}): Connection {
  const told: string[] = [];
  asked = [];
  owner = {
    told,
    prepare: () => {
      if (!slow) return refusal ? Promise.reject(refusal) : Promise.resolve();
      return new Promise((done, fail) => asked.push((error) => (error ? fail(error) : done())));
    },
    query: () => ({ after: "7", epoch: "a" }),
    take: ({ type }) => told.push(type),
    over: () => told.push("over"),
    down: (why: Down) => told.push(why.state === "connecting" ? `connecting${why.again ? " again" : ""}` : `${why.state}: ${why.why}`),
    viewers: () => viewers,
    at: () => at,
    silent: () => told.push("silent"),
  };
  const made = new Connection("main/lobby", owner, final);
  made.start();
  return made;
}

/** Lets everything happen that waits for less than the shortest wait between two tries. */
const settled = () => vi.advanceTimersByTimeAsync(50);
const later = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const newest = () => FakeSocket.newest();
const sockets = () => FakeSocket.all.length;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  online = null;
  vi.stubGlobal("location", { href: "https://chat.example/r/main/lobby" });
  vi.stubGlobal("WebSocket", FakeSocket);
  refused = null;
  fetched = [];
  vi.stubGlobal("fetch", (path: string) => {
    fetched.push(path);
    if (!refused) return Promise.reject(new TypeError("Failed to fetch"));
    return Promise.resolve(Response.json({ code: "code", detail: refused.detail }, { status: refused.status }));
  });
  vi.stubGlobal("addEventListener", (_: string, then: () => void) => (online = then));
  vi.stubGlobal("removeEventListener", () => (online = null));
  vi.spyOn(Math, "random").mockReturnValue(0.9);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A refusal that says nothing of a room: what stands before the server is not there yet. */
const AWAY = new Refused(404, "unknown", "the gateway answers 404");

/** The server is asked over HTTP: it answers, refuses, or there is no answer. */
async function looks(made: Connection, outcome: "answered" | "refused" | "failed"): Promise<void> {
  const errors = { answered: null, refused: AWAY, failed: new TypeError("Failed to fetch") };
  const error = errors[outcome];
  await made.asked(error === null ? Promise.resolve() : Promise.reject(error)).catch(() => {});
}

interface Case {
  it: string;
  with?: Parameters<typeof connection>[0];
  does: (made: Connection) => unknown;
  told: string[];
  sockets: number;
}

const CASES: Case[] = [
  {
    it: "connects, and passes on what it hears",
    does: () => newest().say({ type: "notice", nonce: "n", text: "hi" }),
    told: ["connecting", "notice"],
    sockets: 1,
  },
  {
    it: "tells what was said last before it tells that it is lost, and comes back",
    does: async () => {
      newest().hello("a", 7);
      newest().end();
      await later(500);
    },
    told: ["connecting", "hello", "over", "waiting: the connection was lost", "connecting again"],
    sockets: 2,
  },
  {
    it: "tells why the server closed it",
    does: () => newest().end(1001, "the program ends"),
    told: ["connecting", "over", "waiting: the program ends"],
    sockets: 1,
  },
  {
    it: "waits the longer the more there are who come back with it",
    with: { viewers: 10_000 },
    does: async () => {
      newest().end();
      await later(8_000);
    },
    told: ["connecting", "over", "waiting: the connection was lost"],
    sockets: 1,
  },
  {
    it: "gives up who says no hello",
    does: () => later(10_200),
    told: ["connecting", "waiting: the server says nothing"],
    sockets: 1,
  },
  {
    it: "does not ask again for a room that is not there",
    with: { refusal: new Refused(404, "not_found", "there is no such room") },
    does: () => later(60_000),
    told: ["connecting", "refused: there is no such room"],
    sockets: 0,
  },
  {
    it: "asks again for it if that may change",
    with: { refusal: new Refused(404, "not_found", "there is no such room"), final: false },
    does: () => later(500),
    told: ["connecting", "waiting: there is no such room", "connecting again", "waiting: there is no such room"],
    sockets: 0,
  },
  {
    it: "asks again for a room of which another says that it is not there",
    with: { refusal: AWAY },
    does: () => {},
    told: ["connecting", "waiting: the gateway answers 404"],
    sockets: 0,
  },
  {
    it: "asks again for a room that was there",
    with: {},
    does: async () => {
      newest().hello("a", 7);
      owner.prepare = () => Promise.reject(new Refused(404, "not_found", "there is no such room"));
      newest().end();
      await later(500);
    },
    told: ["connecting", "hello", "over", "waiting: the connection was lost", "connecting again", "waiting: there is no such room"],
    sockets: 1,
  },
  {
    it: "tells of each silence, and of none while something comes",
    does: async () => {
      newest().hello("a", 7);
      await later(28_000);
      newest().say({ type: "notice", nonce: "n", text: "hi" });
      await later(33_000);
      owner.told.push("then");
      await later(38_000);
    },
    told: ["connecting", "hello", "notice", "then", "silent", "silent"],
    sockets: 1,
  },
  {
    it: "leaves a page that stood still the time to read what came",
    does: async () => {
      newest().hello("a", 7);
      await later(30_500);
      newest().say({ type: "notice", nonce: "n", text: "hi" });
      await later(20_000);
    },
    told: ["connecting", "hello", "notice"],
    sockets: 1,
  },
  {
    it: "is given up if the server answers nothing twice, and nothing comes",
    does: async (made) => {
      newest().hello("a", 7);
      await looks(made, "failed");
      for (const outcome of ["answered", "refused"] as const) {
        await looks(made, outcome);
        await looks(made, "failed");
        expect(owner.told.at(-1)).toBe("hello");
      }
      await looks(made, "failed");
    },
    told: ["connecting", "hello", "waiting: the server does not answer"],
    sockets: 1,
  },
  {
    it: "is kept while it brings something, whatever the server answers",
    does: async (made) => {
      newest().hello("a", 7);
      for (let times = 0; times < 3; times++) {
        await looks(made, "failed");
        await later(10);
        newest().say({ type: "notice", nonce: "n", text: "hi" });
      }
    },
    told: ["connecting", "hello", "notice", "notice", "notice"],
    sockets: 1,
  },
  {
    it: "is tried in its turn, whatever is not answered before it says hello",
    does: async (made) => {
      await looks(made, "failed");
      await looks(made, "failed");
    },
    told: ["connecting"],
    sockets: 1,
  },
  {
    it: "asks again where nobody answers",
    with: { refusal: new TypeError("Failed to fetch") },
    does: () => {},
    told: ["connecting", "waiting: the server does not answer"],
    sockets: 0,
  },
  {
    it: "makes one socket of two attempts, whose answers come in their order",
    with: { slow: true },
    does: async (made) => {
      made.again();
      for (const answer of asked) answer();
      await settled();
      newest().hello("a", 7);
    },
    told: ["connecting", "connecting", "hello"],
    sockets: 1,
  },
  {
    it: "says nothing more of an attempt that fails after the next has opened",
    with: { slow: true },
    does: async (made) => {
      made.again();
      asked[1]?.();
      await settled();
      newest().hello("a", 7);
      asked[0]?.(new TypeError("Failed to fetch"));
      await settled();
    },
    told: ["connecting", "connecting", "hello"],
    sockets: 1,
  },
  {
    it: "does not hear a connection that it gave up",
    does: async (made) => {
      const given = newest();
      made.again();
      await settled();
      given.hello("a", 7);
      given.end();
    },
    told: ["connecting", "connecting"],
    sockets: 2,
  },
  {
    it: "tries at once when the machine has a network again",
    with: { viewers: 10_000 },
    does: async () => {
      newest().end();
      await settled();
      online?.();
      await settled();
    },
    told: ["connecting", "over", "waiting: the connection was lost", "connecting again"],
    sockets: 2,
  },
  {
    it: "leaves a connection that is there alone when a network comes",
    does: async () => {
      newest().hello("a", 7);
      online?.();
      await settled();
    },
    told: ["connecting", "hello"],
    sockets: 1,
  },
  {
    it: "comes back later from one that its owner has lost, once",
    does: async (made) => {
      newest().hello("a", 7);
      made.lost("messages are missing");
      newest().end();
      await later(500);
    },
    told: ["connecting", "hello", "waiting: messages are missing", "connecting again"],
    sockets: 2,
  },
  {
    it: "makes none once it is ended, whatever is under way",
    with: { slow: true },
    does: async (made) => {
      made.end();
      asked[0]?.();
      await later(60_000);
    },
    told: ["connecting"],
    sockets: 0,
  },
  {
    it: "keeps a connection that is as far as the room",
    with: { at: { epoch: "a", offset: 7 } },
    does: async (made) => {
      newest().hello("a", 7);
      made.compare({ epoch: "a", offset: 7 });
      await later(9_000);
    },
    told: ["connecting", "hello"],
    sockets: 1,
  },
  {
    it: "gives up a connection that brings nothing of what the room has",
    with: { at: { epoch: "a", offset: 7 } },
    does: async (made) => {
      newest().hello("a", 7);
      made.compare({ epoch: "a", offset: 8 });
      await later(5_500);
    },
    told: ["connecting", "hello", "waiting: the connection is silent", "connecting again"],
    sockets: 2,
  },
  {
    it: "keeps a connection that is behind and comes after",
    with: { at: { epoch: "a", offset: 7 } },
    does: async (made) => {
      newest().hello("a", 7);
      made.compare({ epoch: "a", offset: 90 });
      owner.at = () => ({ epoch: "a", offset: 40 });
      await later(9_000);
    },
    told: ["connecting", "hello"],
    sockets: 1,
  },
];

describe("a connection", () => {
  it.each(CASES)("$it", async ({ with: options, does, told, sockets: count }) => {
    const made = connection(options);
    await settled();
    await does(made);
    await settled();
    expect(owner.told).toEqual(told);
    expect(sockets()).toBe(count);
  });

  it("asks for what its owner wants, over TLS where the page is", async () => {
    connection();
    await settled();
    expect(newest().url.href).toBe("wss://chat.example/v1/rooms/main/lobby/ws?after=7&epoch=a");
  });

  it.each([
    [429, "too many connections from this address", "too many connections from this address"],
    [503, "the room is full: try again later", "the room is full: try again later"],
    [426, "this path is for WebSockets", "the connection was lost"],
    [null, "", "the connection was lost"],
  ])("that is closed without a hello asks why, and goes on trying: %s %s", async (status, detail, why) => {
    refused = status === null ? null : { status, detail };
    connection();
    await settled();
    newest().end();
    await settled();
    expect(fetched).toEqual(["/v1/rooms/main/lobby/ws?after=7&epoch=a"]);
    expect(owner.told).toEqual(["connecting", "over", `waiting: ${why}`]);
    await later(500);
    expect(sockets()).toBe(2);
  });

  it("does not ask why one is over that was there, or that tells it", async () => {
    connection();
    await settled();
    newest().hello("a", 7);
    newest().end();
    await later(500);
    newest().end(1001, "the program ends");
    await settled();
    expect(fetched).toEqual([]);
  });

  it("forgets why it was refused when there is a network meanwhile, and another attempt", async () => {
    refused = { status: 503, detail: "the room is full: try again later" };
    connection();
    await settled();
    newest().end();
    online?.();
    await settled();
    newest().hello("a", 7);
    expect(owner.told).toEqual(["connecting", "over", "connecting again", "hello"]);
  });

  it("tries for ever, at least every half minute", async () => {
    connection();
    await settled();
    for (let tries = 2; tries < 40; tries++) {
      newest().end();
      const ended = Date.now();
      await vi.advanceTimersToNextTimerAsync();
      expect(sockets()).toBe(tries);
      expect(Date.now() - ended).toBeLessThanOrEqual(30_000);
    }
  });
});
