import { describe, expect, it } from "vitest";
import { again, discard, put, settle, unsent, type Outbox } from "./outbox";
import type { ServerFrame } from "./protocol";

const two: Outbox = put(put([], "a", "hello", null), "b", "world", "c");
const ids = (outbox: Outbox) => outbox.map((draft) => draft.id);

describe("an outbox", () => {
  it("sends what it holds, with ids that make it safe to send again", () => {
    expect(unsent(two)).toEqual([
      { type: "say", nonce: "a", id: "a", text: "hello" },
      { type: "say", nonce: "b", id: "b", text: "world", reply_to: "c" },
    ]);
  });

  it("lets go of what was acknowledged", () => {
    expect(ids(settle(two, { type: "ack", nonce: "a", id: "a", offset: 1 }))).toEqual(["b"]);
  });

  it("lets go of what is seen in the room, if the acknowledgement was lost", () => {
    const seen: ServerFrame = {
      type: "message",
      offset: 1,
      message: {
        v: 1,
        id: "b",
        room_id: "main/lobby",
        author: { id: "guest:ana", name: "ana", kind: "viewer" },
        text: "world",
        sent_at: "2026-01-31T12:00:00.000Z",
      },
    };
    expect(ids(settle(two, seen))).toEqual(["a"]);
  });

  it("keeps what was refused, says why, and does not send it again", () => {
    const refused = settle(two, { type: "error", code: "blocklist", detail: "not here", nonce: "a" });
    expect(refused[0]?.refused).toBe("not here");
    expect(unsent(refused).map((frame) => frame.nonce)).toEqual(["b"]);
    expect(ids(discard(refused, "a"))).toEqual(["b"]);
  });

  it.each([
    ["/text", false],
    ["/author", true],
    [undefined, false],
  ])("knows whether it is the name that was refused: %j", (pointer, forName) => {
    const [refused] = settle(two, { type: "error", code: "empty", detail: "nothing in it", nonce: "a", ...(pointer && { pointer }) });
    expect(refused).toMatchObject({ refused: "nothing in it", forName });
  });

  it("sets aside what the room had no time for until it is sent again, or with another connection", () => {
    const delayed = settle(two, { type: "error", code: "busy", detail: "later", nonce: "a" });
    expect([delayed[0]?.refused, unsent(delayed).map(({ nonce }) => nonce)]).toEqual([null, ["b"]]);
    const sent = again(delayed);
    expect(sent.frames.map(({ nonce }) => nonce)).toEqual(["a"]);
    expect(again(sent.outbox).frames).toEqual([]);
    const you = { id: "guest:ana", name: "Ana", kind: "viewer", scopes: [] } as const;
    const back = settle(delayed, { type: "hello", epoch: "e", offset: 1, recovered: true, you: { ...you, scopes: [] } });
    expect([unsent(back).map(({ nonce }) => nonce), again(back).frames]).toEqual([["a", "b"], []]);
  });

  it("asks what became of those that wait when there is another connection", () => {
    const waits = settle(two, { type: "waiting", nonce: "a", id: "a" });
    const you = { id: "guest:ana", name: "Ana", kind: "viewer", scopes: ["read", "say"] } as const;
    const back = settle(waits, { type: "hello", epoch: "e", offset: 1, recovered: true, you: { ...you, scopes: [...you.scopes] } });
    expect(unsent(back).map((frame) => frame.nonce)).toEqual(["a", "b"]);
  });

  it("keeps what waits for a moderator, does not send it again, and hears what became of it", () => {
    const waits = settle(two, { type: "waiting", nonce: "a", id: "a" });
    expect(waits.map(({ waits }) => waits ?? false)).toEqual([true, false]);
    expect(unsent(waits).map((frame) => frame.nonce)).toEqual(["b"]);
    expect(ids(settle(waits, { type: "ack", nonce: "a", id: "a", offset: 1 }))).toEqual(["b"]);
    const denied = settle(waits, { type: "error", code: "denied", detail: "a moderator said no", nonce: "a" });
    expect(denied[0]).toMatchObject({ waits: false, refused: "a moderator said no" });
  });

  it("lets go of a command that is done", () => {
    expect(ids(settle(two, { type: "notice", nonce: "a", text: "Slow mode is on" }))).toEqual(["b"]);
  });

  it.each<[code: string, unsure: string | undefined, delayed: boolean | undefined]>([
    ["busy", undefined, true],
    ["rate_limited", undefined, true],
    ["timeout", "no answer", undefined],
    ["store_unavailable", "no answer", undefined],
    ["not_ready", "no answer", undefined],
  ])("sends a command again only if it was not begun, after %s", (code, unsure, delayed) => {
    const [command] = settle(put([], "a", "/clear", null), { type: "error", code, detail: "no answer", nonce: "a" });
    expect([command?.unsure, command?.delayed]).toEqual([unsure, delayed]);
    const [message] = settle(put([], "a", "clear", null), { type: "error", code, detail: "no answer", nonce: "a" });
    expect([message?.unsure, message?.delayed]).toEqual([undefined, true]);
  });

  it("is left alone by answers to others", () => {
    expect(settle(two, { type: "ack", nonce: "x", id: "x", offset: 1 })).toEqual(two);
    expect(settle(two, { type: "error", code: "bad_json", detail: "not JSON" })).toEqual(two);
  });
});
