import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { serverTime, steady, told } from "./clock";
import { emote, takeOwn } from "./emote";
import type { MessagesPage, ServerFrame } from "./protocol";
import { TOLD } from "./removals";
import { Room } from "./room.svelte";
import { FakeSocket, said } from "./socket.fake";

/** A room of the log `a` with messages 1 and 2, connected for the first time. */
async function connected(): Promise<{ room: Room; socket: FakeSocket }> {
  const room = new Room("main/lobby");
  room.start();
  await settled();
  const socket = newest();
  socket.hello("a", 2, true);
  await settled();
  return { room, socket };
}

const newest = () => FakeSocket.newest();

/** Lets everything that waits for less than the shortest backoff happen. */
const settled = () => vi.advanceTimersByTimeAsync(50);

const texts = (room: Room) => room.view.lines.map((line) => (line.gap ? `…${line.message.text}` : line.message.text));

let rooms: { status: number; body: unknown };
/** Whether the server answers over HTTP. */
let answers: boolean;
/** The codes of the room's own emotes; null if that is not answered. */
let emotes: string[] | null;
/** What its answers have as their time; null if they have none. */
let date: string | null;
/** What the room's log holds. */
let history: MessagesPage;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  date = null;
  answers = true;
  emotes = [];
  rooms = {
    status: 200,
    body: { id: "main/lobby", title: "The lobby", viewers: 1, personas: [], people: [], epoch: "a", offset: 2 },
  };
  history = { epoch: "a", complete: true, messages: [1, 2].map((offset) => ({ offset, message: said(offset) })) };
  vi.stubGlobal("location", { href: "http://127.0.0.1/r/main/lobby" });
  vi.stubGlobal("document", { visibilityState: "visible" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("removeEventListener", () => {});
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("requestAnimationFrame", (then: () => void) => setTimeout(then, 16));
  vi.stubGlobal("cancelAnimationFrame", (frame: ReturnType<typeof setTimeout>) => clearTimeout(frame));
  vi.stubGlobal("fetch", (path: string) => {
    if (!answers) return Promise.reject(new TypeError("Failed to fetch"));
    if (path.endsWith("/emotes")) {
      const list = emotes?.map((code) => ({ code, image: `/${code}`, width: 32, height: 32, animated: false }));
      return list ? Promise.resolve(new Response(JSON.stringify({ emotes: list }))) : Promise.reject(new TypeError("no answer"));
    }
    const { status, body } = path.includes("/messages") ? { status: 200, body: history } : rooms;
    const headers = date === null ? {} : { date };
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  });
});

afterEach(() => {
  told(new Date(steady()).toISOString());
  takeOwn({ emotes: [] });
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a room", () => {
  it("goes on live after its history", async () => {
    const { room, socket } = await connected();
    expect(socket.query).toBe("?after=2&epoch=a&stream=true");
    socket.messages(3);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "3"]);
    expect(room.connection.state).toBe("open");
    expect(room.recovery).toBeNull();
  });

  it("shows what comes together as one change", async () => {
    const { room, socket } = await connected();
    const before = room.view;
    const views = new Set([before]);
    socket.messages(...Array.from({ length: 50 }, (_, n) => n + 3));
    expect(room.view).toBe(before);
    for (let n = 0; n < 20; n++) {
      await vi.advanceTimersByTimeAsync(1);
      views.add(room.view);
    }
    expect(room.view.lines.length).toBe(52);
    expect(views.size).toBe(2);
  });

  it("comes back without a gap or a duplicate, and says so", async () => {
    const { room, socket } = await connected();
    socket.messages(3);
    socket.end();
    expect(room.connection).toMatchObject({ state: "waiting", why: "the connection was lost" });
    await vi.advanceTimersByTimeAsync(1_000);
    const again = newest();
    expect(again).not.toBe(socket);
    expect(again.query).toBe("?after=3&epoch=a&stream=true");
    again.hello("a", 5, true);
    again.messages(3, 4, 5);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "3", "4", "5"]);
    expect(room.recovery).toEqual({ complete: true });
  });

  it("says when not all that was missed could be had", async () => {
    const { room, socket } = await connected();
    socket.end(1001, "the program ends");
    await vi.advanceTimersByTimeAsync(1_000);
    newest().hello("b", 1, false);
    newest().messages(9);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "…9"]);
    expect(room.recovery).toEqual({ complete: false });
  });

  it("comes back when it notices a hole, not at once: other pages may have it, too", async () => {
    const { room, socket } = await connected();
    socket.messages(3, 5, 6);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "3"]);
    expect(room.connection).toMatchObject({ state: "waiting", why: "messages are missing" });
    expect([FakeSocket.all.length, socket.closed]).toEqual([1, true]);
    await vi.advanceTimersByTimeAsync(500);
    expect(newest().query).toBe("?after=3&epoch=a&stream=true");
    // What the old connection still says is of no concern.
    socket.messages(7);
    newest().hello("a", 6, true);
    newest().messages(4, 5, 6);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  it("sends what was written while there was no connection", async () => {
    const { room, socket } = await connected();
    socket.end();
    room.say("hello?", null);
    expect(socket.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    newest().hello("a", 2, true);
    await settled();
    const [frame] = newest().sent;
    expect(frame).toMatchObject({ type: "say", text: "hello?" });
    newest().say({ type: "ack", nonce: frame?.nonce ?? "", id: frame?.nonce ?? "", offset: 3 });
    await settled();
    expect(room.outbox).toEqual([]);
  });

  it("sends what the room had no time for once more a round, however much it is, and nothing else", async () => {
    const { room, socket } = await connected();
    room.say("one", null);
    room.say("two", null);
    const [one = "", two = ""] = socket.sent.map(({ nonce }) => nonce ?? "");
    room.say("three", null);
    const three = socket.sent[2]?.nonce ?? "";
    socket.say({ type: "waiting", nonce: three, id: three });
    for (const [round, code] of ["busy", "rate_limited", "timeout"].entries()) {
      for (const nonce of [one, two]) socket.say({ type: "error", code, detail: "later", nonce });
      // No longer than the longest pause, and than one waits for an answer.
      for (let waited = 0; waited < 30 && socket.sent.length === 3 + 2 * round; waited++) await vi.advanceTimersByTimeAsync(1_000);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(socket.sent.slice(3 + 2 * round).map(({ nonce }) => nonce)).toEqual([one, two]);
    }
    socket.say({ type: "error", code: "busy", detail: "later", nonce: one });
    await settled();
    room.discard(one);
    room.discard(two);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.sent.length).toBe(9);
  });

  it("sends what the room had no time for with the next connection, and not twice", async () => {
    const { room, socket } = await connected();
    room.say("one", null);
    socket.say({ type: "error", code: "busy", detail: "later", nonce: socket.sent[0]?.nonce ?? null });
    socket.end();
    await vi.advanceTimersByTimeAsync(1_000);
    newest().hello("a", 2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(newest().sent).toEqual([socket.sent[0]]);
  });

  it("does not try again where there is no room", async () => {
    rooms = { status: 404, body: { code: "not_found", detail: "there is no such room" } };
    const room = new Room("main/nowhere");
    room.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(room.connection).toEqual({ state: "refused", why: "there is no such room" });
    expect(FakeSocket.all).toEqual([]);
  });

  it("shows what the chat as a whole does, and leaves the list alone for that", async () => {
    const { room, socket } = await connected();
    const before = room.view;
    const figures = { messages_per_minute: 12, unique_authors: 3, bot_fraction: 0.5, top_tokens: [], top_emotes: [] };
    socket.say({ type: "trends", v: 1, room_id: "main/lobby", at: "2026-01-31T12:00:00.000Z", window_s: 60, ...figures });
    await settled();
    expect(room.trends).toMatchObject(figures);
    expect(room.view).toBe(before);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(room.trends).toBeNull();
  });

  it("takes back what a moderator deleted, and shows moderators what it was", async () => {
    const { room, socket } = await connected();
    socket.messages(3, 4);
    socket.say({ type: "remove", id: "id-3", reason: "spam" });
    await settled();
    expect(texts(room)).toEqual(["1", "2", "4"]);
    socket.hello("a", 4, true, "moderate");
    await settled();
    expect(texts(room)).toEqual(["1", "2", "3", "4"]);
    expect(room.view.lines[2]?.removed).toBe("spam");
    socket.say({ type: "clear", author: "guest:ben", up_to: 3, reason: "" });
    await settled();
    expect(room.view.lines.map(({ removed }) => removed)).toEqual(["", "", "spam", undefined]);
  });

  it.each<[string, (socket: FakeSocket) => void, string[]]>([
    ["looks into the log if it comes back and is told of nothing", (socket) => socket.hello("a", 2, false), ["2"]],
    [
      "looks into the log if it is told of as much as is ever told",
      (socket) => {
        socket.hello("a", 2);
        for (let act = 0; act < TOLD; act++) socket.say({ type: "remove", id: `other-${act}`, reason: "" });
      },
      ["2"],
    ],
    [
      "doesn't if it is told of less",
      (socket) => {
        socket.hello("a", 2);
        for (let act = 1; act < TOLD; act++) socket.say({ type: "remove", id: `other-${act}`, reason: "" });
      },
      ["1", "2"],
    ],
  ])("%s", async (_, back, left) => {
    const { room, socket } = await connected();
    socket.end();
    history.messages = history.messages.with(0, { offset: 1, message: { ...said(1), text: "(removed)", deleted: true } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(texts(room)).toEqual(["1", "2"]);
    back(newest());
    await settled();
    expect(texts(room)).toEqual(left);
  });

  it("shows what a command did among the messages, to its sender alone", async () => {
    const { room, socket } = await connected();
    room.say("/slow", null);
    socket.say({ type: "notice", nonce: socket.sent[0]?.nonce ?? "", text: "Slow mode is on" });
    await settled();
    expect(texts(room)).toEqual(["1", "2", "Slow mode is on"]);
    expect(room.view.lines.at(-1)?.local).toBe(true);
    expect(room.outbox).toEqual([]);
    // It has no place in the room's log.
    socket.messages(3);
    await settled();
    expect(texts(room)).toEqual(["1", "2", "Slow mode is on", "3"]);
  });

  it("counts what comes when it comes, whatever the server's clock says", async () => {
    const { room, socket } = await connected();
    socket.messages(3, 4, 5, 6);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(Math.max(...room.pulse.rates(steady()))).toBeGreaterThan(0);
  });

  it.each([
    ["an hour behind the server's", 3_600_000],
    ["an hour ahead of the server's", -3_600_000],
  ])("counts its history when it was said, and goes on counting, with a clock that is %s", async (_, ahead) => {
    const now = Date.now() + ahead;
    date = new Date(now).toUTCString();
    history.messages = [1, 2].map((offset) => ({ offset, message: { ...said(offset), sent_at: new Date(now - 60_000).toISOString() } }));
    const { room, socket } = await connected();
    const steps = () => room.pulse.rates(steady()).flatMap((rate, step) => (rate > 0 ? [step] : []));
    expect(steps().every((step) => step > 20 && step < 40)).toBe(true);
    expect(steps()).not.toEqual([]);
    const before = steps().length;
    vi.setSystemTime(Date.now() - 86_400_000);
    socket.messages(3);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(steps().length).toBeGreaterThan(before);
  });

  describe("in slow mode", () => {
    const slow: ServerFrame = { type: "modes", slow_seconds: 600 };
    const own = (): ServerFrame => {
      const message = { ...said(3), author: { id: "guest:ana", name: "Ana", kind: "viewer" } as const };
      return { type: "message", offset: 3, message: { ...message, sent_at: new Date(serverTime()).toISOString() } };
    };
    const waits = (room: Room) => room.moderation.wait(serverTime()) > 0;

    it("is free after the time that it takes, though the clock is set back", async () => {
      const { room, socket } = await connected();
      socket.say(slow, own());
      await settled();
      expect(waits(room)).toBe(true);
      vi.setSystemTime(Date.now() - 86_400_000);
      await vi.advanceTimersByTimeAsync(600_000);
      expect(waits(room)).toBe(false);
    });

    // Only the clock of the day goes on meanwhile, here as in browsers.
    it.each([
      ["longer than that", 700_000, false],
      ["less than that", 500_000, true],
    ])("counts the time that its machine slept: %s", async (_, slept, still) => {
      date = new Date().toUTCString();
      const { room, socket } = await connected();
      socket.say(slow, own());
      await settled();
      expect(waits(room)).toBe(true);
      vi.setSystemTime(Date.now() + slept);
      date = new Date().toUTCString();
      socket.end();
      await vi.advanceTimersByTimeAsync(1_000);
      newest().hello("a", 3);
      newest().say(slow);
      await settled();
      expect(waits(room)).toBe(still);
    });

    it("counts from what it said before the connection was lost, too", async () => {
      const { room, socket } = await connected();
      socket.end();
      await vi.advanceTimersByTimeAsync(1_000);
      newest().hello("a", 3);
      newest().say(slow, own());
      await settled();
      expect(waits(room)).toBe(true);
    });
  });

  it("looks at once whether its connection has brought all when its reader is back", async () => {
    const { room } = await connected();
    room.seen(false);
    Object.assign(rooms.body as object, { epoch: "a", offset: 3 });
    room.seen(true);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(FakeSocket.all.length).toBe(2);
    newest().hello("a", 3);
    newest().messages(3);
    await settled();
    expect(room.absence.mark).toBe(2);
  });

  describe("notices that its connection is dead", () => {
    const trends = (): ServerFrame => {
      const figures = { messages_per_minute: 0, unique_authors: 0, bot_fraction: 0, top_tokens: [], top_emotes: [] };
      return { type: "trends", v: 1, room_id: "main/lobby", at: "2026-01-31T12:00:00.000Z", window_s: 60, ...figures };
    };
    const visible = (visibilityState: "visible" | "hidden") => vi.stubGlobal("document", { visibilityState });
    const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * 60_000);

    it.each<[string, (room: Room, socket: FakeSocket) => void, number]>([
      ["if the server answers nothing", () => (answers = false), 2],
      [
        "if the server answers nothing, also where nobody looks",
        () => {
          answers = false;
          visible("hidden");
        },
        2,
      ],
      ["if trends came and come no more, though nothing else is told", (_, socket) => socket.say(trends()), 2],
      [
        "if trends came and come no more, also where nobody looks",
        (_, socket) => {
          visible("hidden");
          socket.say(trends());
        },
        2,
      ],
      [
        "where nobody looks and no trends are told, if the room has more",
        () => {
          visible("hidden");
          Object.assign(rooms.body as object, { offset: 3 });
        },
        2,
      ],
      ["if nothing is said of what was sent", (room) => room.say("hello?", null), 2],
      ["and leaves alone one of a room in which nothing happens", () => {}, 1],
      ["and leaves it alone where nobody looks, too", () => visible("hidden"), 1],
    ])("%s", async (_, happens, sockets) => {
      const { room, socket } = await connected();
      happens(room, socket);
      await minutes(2);
      answers = true;
      await vi.advanceTimersByTimeAsync(31_000);
      expect(FakeSocket.all.length > 1).toBe(sockets > 1);
      expect(socket.closed).toBe(sockets > 1);
      room.end();
    });

    it("within seconds, of what one says, which is sent again with the same id", async () => {
      const { room, socket } = await connected();
      room.say("hello?", null);
      await vi.advanceTimersByTimeAsync(15_100);
      expect(room.connection).toMatchObject({ state: "waiting", why: "the server does not answer" });
      await vi.advanceTimersByTimeAsync(1_000);
      newest().hello("a", 2);
      await settled();
      expect(newest().sent).toEqual(socket.sent);
      room.end();
    });

    it("not while trends come", async () => {
      const { room, socket } = await connected();
      for (let told = 0; told < 12; told++) {
        socket.say(trends());
        await vi.advanceTimersByTimeAsync(10_000);
      }
      expect(FakeSocket.all.length).toBe(1);
      room.end();
    });
  });

  it.each<[string, string[] | null, number]>([
    ["within a minute after they were others", ["peepo"], 75_000],
    ["with its next look after they were not to be had", null, 16_000],
  ])("has its own emotes %s", async (_, before, within) => {
    emotes = before;
    await connected();
    expect([emote("peepo")?.code, emote("catJAM")]).toEqual([before?.[0], null]);
    emotes = ["catJAM"];
    await vi.advanceTimersByTimeAsync(within);
    expect([emote("peepo"), emote("catJAM")?.image]).toEqual([null, "/catJAM"]);
  });

  it("asks for its own emotes once a minute", async () => {
    const { room } = await connected();
    const asked = vi.fn(fetch);
    vi.stubGlobal("fetch", asked);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    const times = asked.mock.calls.filter(([path]) => String(path).endsWith("/emotes")).length;
    expect(times).toBeGreaterThanOrEqual(8);
    expect(times).toBeLessThanOrEqual(10);
    room.end();
  });

  it("shows what the stream says until nothing more is heard", async () => {
    const { room, socket } = await connected();
    socket.say({ type: "stream", at: "2026-01-31T12:00:00.000Z", position_ms: 1, segments: [], events: [], keywords: ["tower"] });
    await settled();
    expect(room.stream?.keywords).toEqual(["tower"]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(room.stream).toBeNull();
  });
});

describe("what came while its reader was away and the connection was lost", () => {
  const forAna = { ...said(4), mentions: ["guest:ana"] };

  /** Loses the connection, and gets the messages 3 and 4 with the next one; 4 is for its reader. */
  async function lose(): Promise<void> {
    newest().end();
    await vi.advanceTimersByTimeAsync(1_000);
    newest().hello("a", 4);
    newest().messages(3);
    newest().say({ type: "message", offset: 4, message: forAna });
    await settled();
  }

  it.each<[string, (room: Room) => Promise<void>, string, number | null]>([
    [
      "is counted",
      async (room) => {
        room.seen(false);
        await lose();
      },
      "(1) Lobby",
      2,
    ],
    [
      "is marked if the connection comes back before them",
      async (room) => {
        room.seen(false);
        await lose();
        room.seen(true);
      },
      "Lobby",
      2,
    ],
    [
      "is marked if they are back before the connection",
      async (room) => {
        room.seen(false);
        Object.assign(rooms.body as object, { offset: 4 });
        room.seen(true);
        await lose();
      },
      "Lobby",
      2,
    ],
    [
      "is marked if it waits for the page to wake",
      async (room) => {
        room.seen(false);
        newest().messages(3);
        room.seen(true);
        await settled();
      },
      "Lobby",
      2,
    ],
    [
      "is not counted if a moderator takes it back",
      async (room) => {
        room.seen(false);
        await lose();
        newest().say({ type: "remove", id: "id-4", reason: "spam" });
        await settled();
      },
      "• Lobby",
      2,
    ],
    ["has no mark if they were not away", lose, "Lobby", null],
    [
      "has no mark if it was missed after they were back",
      async (room) => {
        room.seen(false);
        Object.assign(rooms.body as object, { epoch: "a", offset: 2 });
        room.seen(true);
        await settled();
        await lose();
      },
      "Lobby",
      null,
    ],
    [
      "is not counted if it is one's own, taken back, or here already",
      async (room) => {
        room.seen(false);
        newest().end();
        await vi.advanceTimersByTimeAsync(1_000);
        newest().hello("a", 4);
        newest().messages(1, 2);
        newest().say({ type: "message", offset: 3, message: { ...said(3), author: { id: "guest:ana", name: "Ana", kind: "viewer" } } });
        newest().say({ type: "message", offset: 4, message: { ...forAna, deleted: true } });
        await settled();
      },
      "Lobby",
      2,
    ],
  ])("%s", async (_, does, title, mark) => {
    const { room } = await connected();
    await does(room);
    expect([room.absence.title("Lobby"), room.absence.mark]).toEqual([title, mark]);
  });
});
