import { describe, expect, it } from "vitest";
import type { Line } from "./log";
import type { ChatMessage } from "./protocol";
import { answers, root } from "./thread";

/** Lines written as `id<what it answers`, in the order in which they were said. */
function chat(...written: string[]): Line[] {
  return written.map((text, at) => {
    const [id = "", reply_to] = text.split("<");
    const author = { id: "guest:ana", name: "Ana", kind: "viewer" } as const;
    const sent_at = "2026-01-31T12:00:00.000Z";
    const message = { v: 1, id, room_id: "main/lobby", author, text: id, sent_at, ...(reply_to ? { reply_to } : {}) } as const;
    return { offset: at + 1, gap: false, message };
  });
}

const finder = (lines: readonly Line[]) => (id: string) => lines.find(({ message }) => message.id === id)?.message ?? null;
const ids = (messages: readonly ChatMessage[]) => messages.map(({ id }) => id).join(" ");

describe("a thread", () => {
  const lines = chat("a", "b<a", "c", "d<b", "e<c", "f<a", "g<gone", "h<g");
  const find = finder(lines);

  it.each([
    ["a", "a", null],
    ["b", "a", null],
    ["d", "a", null],
    ["c", "c", null],
    ["h", "g", "gone"],
  ])("of %s began with %s, which answers %j", (id, first, missing) => {
    const found = root(find(id)!, find);
    expect([found.message.id, found.missing]).toEqual([first, missing]);
  });

  it.each([
    ["a", "b d f"],
    ["b", "d"],
    ["c", "e"],
    ["g", "h"],
    ["h", ""],
    ["gone", "g h"],
  ])("below %s is %j", (id, below) => {
    expect(ids(answers(lines, id))).toBe(below);
  });

  it("has no answer that was taken back, and those to it", () => {
    const taken = lines.map((line) => (line.message.id === "b" ? { ...line, removed: "spam" } : line));
    expect(ids(answers(taken, "a"))).toBe("d f");
  });

  it("ends, though messages say that they answer each other", () => {
    const circle = chat("a<b", "b<a");
    expect(root(finder(circle)("a")!, finder(circle)).missing).toBeNull();
  });
});
