import { describe, expect, it } from "vitest";
import { actOf, actions } from "./act";
import type { AuthorKind, ChatMessage, You } from "./protocol";

const you: You = { id: "guest:ana", name: "Ana", kind: "moderator", scopes: ["read", "say", "moderate"] };

function by(kind: AuthorKind, id = "guest:ben", reply_to?: string): ChatMessage {
  const author = { id, name: "Ben", kind };
  const sent_at = "2026-01-31T12:00:00.000Z";
  return { v: 1, id: "id-1", room_id: "main/lobby", author, text: "hi", sent_at, ...(reply_to ? { reply_to } : {}) };
}

const USUAL = ["answer", "mention", "card"];

describe("what one may do with a message", () => {
  it.each([
    ["a viewer's", by("viewer"), false, USUAL],
    ["a viewer's, as a moderator", by("viewer"), true, [...USUAL, "remove", "timeout", "ban"]],
    ["a persona's, as a moderator", by("persona"), true, [...USUAL, "remove"]],
    ["another moderator's", by("moderator"), true, USUAL],
    ["one's own, as a moderator", by("moderator", you.id), true, [...USUAL, "remove"]],
    ["the room's", by("system"), true, USUAL],
  ])("%s", (_, message, moderates, acts) => {
    expect(actions(message, you, moderates).map(({ act }) => act)).toEqual(acts);
  });

  it.each([
    ["r", true, "answer"],
    ["B", true, "ban"],
    ["b", false, null],
    ["Enter", false, null],
    ["x", true, null],
  ])("the key %s, moderator: %s", (key, moderates, act) => {
    expect(actOf(key, by("viewer"), actions(by("viewer"), you, moderates))).toBe(act);
  });

  it("Enter shows the thread of an answer", () => {
    expect(actOf("Enter", by("viewer", "guest:ben", "id-0"), [])).toBe("thread");
  });
});
