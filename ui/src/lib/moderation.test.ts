import { afterEach, describe, expect, it, vi } from "vitest";
import { Moderation, restrictions } from "./moderation.svelte";
import type { ServerFrame } from "./protocol";

const hello = (...scopes: ("read" | "say" | "moderate")[]): ServerFrame => helloTo("guest:ana", ...scopes);

const helloTo = (id: string, ...scopes: ("read" | "say" | "moderate")[]): ServerFrame => ({
  type: "hello",
  epoch: "a",
  offset: 0,
  recovered: true,
  you: { id, name: "Ana", kind: "viewer", scopes },
});

function held(id: string): ServerFrame {
  const author = { id: "guest:ben", name: "Ben", kind: "viewer" } as const;
  const at = "2026-01-31T12:00:00.000Z";
  const common = { v: 1, room_id: "main/lobby" } as const;
  return {
    type: "held",
    message: { ...common, id, author, text: "hm", sent_at: at },
    verdict: { ...common, message_id: id, author, action: "hold", rule: "words", reason: "rude", original_sha256: "0".repeat(64), policy: "p@1", at },
  };
}

let told: string[];

function taken(...frames: ServerFrame[]): Moderation {
  told = [];
  const moderation = new Moderation("main/lobby", (text) => told.push(text));
  for (const frame of frames) moderation.take(frame);
  return moderation;
}

const ids = ({ held }: Moderation) => held.map(({ message }) => message.id);

afterEach(() => vi.unstubAllGlobals());

describe("what waits", () => {
  const by = { id: "operator:main", name: "operator" };
  const answer = (status: number, body: object) =>
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));

  it("is there until it is decided, by whomever", () => {
    const it = taken(hello("moderate"), held("a"), held("b"), held("a"));
    expect(ids(it)).toEqual(["b", "a"]);
    it.take({ type: "decided", id: "b", decision: "denied", by });
    expect(ids(it)).toEqual(["a"]);
  });

  it("is told anew after each hello", () => {
    expect(ids(taken(hello("moderate"), held("a"), hello("moderate"), held("b")))).toEqual(["b"]);
  });

  it.each([
    ["that was decided", 200, []],
    ["that somebody else decided first", 404, []],
  ])("and one %s is gone", async (_, status, left) => {
    answer(status, { id: "a", decision: "approved", code: "x", detail: "y" });
    const it = taken(hello("moderate"), held("a"));
    await it.decide("a", "approve");
    expect(ids(it)).toEqual(left);
  });

  it.each([
    ["approved", "operator has approved the message of Ben already."],
    ["denied", "operator has denied the message of Ben already."],
    ["expired", "Time is over for the message of Ben: it is not said."],
  ] as const)("and who decides too late is told that it is %s, once", async (decision, text) => {
    answer(409, { code: "decided", detail: "another moderator has decided about it" });
    const decided: ServerFrame = { type: "decided", id: "a", decision, by };
    // The room may hear of it before the answer, or after.
    const before = taken(hello("moderate"), held("a"));
    const deciding = before.decide("a", "deny");
    before.take(decided);
    await deciding;
    before.take(decided);
    expect(told).toEqual([text]);
    const after = taken(hello("moderate"), held("a"));
    await after.decide("a", "deny");
    after.take(decided);
    expect(told).toEqual([text]);
  });

  it.each([
    ["oneself decided", 200, { id: "a", decision: "approved" }, { id: "guest:ana", name: "Ana" }],
    ["one did on another page", 409, { code: "decided", detail: "y" }, { id: "guest:ana", name: "Ana" }],
    ["another decided after one failed to", 503, { code: "busy", detail: "later" }, by],
  ])("and nothing is told when %s", async (_, status, body, by) => {
    answer(status, body);
    const it = taken(hello("moderate"), held("a"));
    await it.decide("a", "approve").catch(() => {});
    it.take({ type: "decided", id: "a", decision: "approved", by });
    expect(told).toEqual([]);
  });

  it("and stays when the host can't decide", async () => {
    answer(503, { code: "busy", detail: "later" });
    const it = taken(hello("moderate"), held("a"));
    await expect(it.decide("a", "deny")).rejects.toThrow("later");
    expect(ids(it)).toEqual(["a"]);
  });
});

describe("slow mode", () => {
  const slow: ServerFrame = { type: "modes", slow_seconds: 10 };

  it.each([
    ["counts from one's own last message", [hello("say"), slow], 103_000, 7_000],
    ["is over then", [hello("say"), slow], 110_000, 0],
    ["takes no longer than it does, though the server's clock is known to a second", [hello("say"), slow], 99_000, 10_000],
    ["silences nobody when the server's clock is set back", [hello("say"), slow], 40_000, 0],
    ["is off after a hello that says nothing of it", [hello("say"), slow, hello("say")], 103_000, 0],
    ["is not for moderators", [hello("say", "moderate"), slow], 103_000, 0],
  ])("%s", (_, frames, now, wait) => {
    const it = taken(...frames);
    it.spoke(90_000);
    it.spoke(100_000);
    expect(it.wait(now)).toBe(wait);
  });

  it.each([
    ["goes on for who comes back", "guest:ana", 7_000],
    ["is over for who takes another name", "guest:anna", 0],
  ])("%s", (_, id, wait) => {
    const it = taken(hello("say"), slow);
    it.spoke(100_000);
    for (const frame of [helloTo(id, "say"), slow]) it.take(frame);
    expect(it.wait(103_000)).toBe(wait);
  });

  it("is for nobody who has not spoken", () => {
    expect(taken(hello("say"), slow).wait(100_000)).toBe(0);
  });
});

it.each([
  [{}, []],
  [{ slow_seconds: 10, emote_only: true }, ["Slow mode: 10 s", "Emotes only"]],
  [{ known_minutes: 0, unique: true }, ["Only who has a name", "No repeats"]],
  [{ known_minutes: 30, slow_seconds: null }, ["Only who has been here for 30 min"]],
])("the modes %j are %j", (modes, names) => {
  expect(restrictions(modes).map(({ name }) => name)).toEqual(names);
});
