import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../lib/protocol";
import { USUAL, type Options } from "./options";
import { FADING, add, at, enter, nextChange, oldest, only, renewed, shows, since, without, type Shown } from "./stage";

function message(id: string, parts: Partial<ChatMessage> = {}): ChatMessage {
  const author = { id: "guest:ana", name: "Ana", kind: "viewer" } as const;
  return { v: 1, id, room_id: "main/lobby", author, text: "hello", sent_at: "2026-01-31T12:00:00.000Z", ...parts };
}

const persona: Partial<ChatMessage> = { author: { id: "persona:nova", name: "Nova", kind: "persona", badges: ["ai"] } };
const stage = (...offsets: number[]): Shown[] =>
  offsets.map((offset) => enter(offset, message(`m${offset}`), null, offset * 1000, { ...USUAL, fade: 10 }));
const ids = (shown: readonly Shown[]) => shown.map(({ message }) => message.id);

describe("which messages are shown", () => {
  it.each<[what: string, parts: Partial<ChatMessage>, options: Partial<Options>, shown: boolean]>([
    ["a person's", {}, { bots: false }, true],
    ["a persona's", persona, {}, true],
    ["a persona's, without bots", persona, { bots: false }, false],
    ["a command", { text: "!song please" }, { hide_commands: true }, false],
    ["a command, where they are shown", { text: "!song please" }, {}, true],
    ["excitement", { text: "!!! no way" }, { hide_commands: true }, true],
    ["one that was taken away", { deleted: true }, {}, false],
    ["a command that is only spoken of", { text: "type !song" }, { hide_commands: true }, true],
    ["an answer", { reply_to: "m1" }, { hide_replies: true }, false],
    ["an answer, where they are shown", { reply_to: "m1" }, {}, true],
    ["of somebody blocked", {}, { block: ["bo", "aNa"] }, false],
    ["of somebody whose name is longer than a blocked one", {}, { block: ["An"] }, true],
  ])("%s", (_, parts, options, shown) => {
    expect(shows(message("m", parts), { ...USUAL, ...options })).toBe(shown);
  });
});

describe("whom a message answers", () => {
  const answered = message("m1");
  it.each([
    ["is told", "no, right", answered, "Ana"],
    ["is not told twice", "@ana no, right", answered, null],
    ["is not told twice, wherever it stands", "well said, ana!", answered, null],
    ["is told if the name is only a part of a word", "banana, anagram", answered, "Ana"],
    ["is not told if it is not known", "no, right", null, null],
  ])("%s", (_, text, to, answers) => {
    expect(enter(2, message("m2", { text, reply_to: "m1" }), to, 0, USUAL).answers).toBe(answers);
  });
});

describe("time", () => {
  const said = Date.parse("2026-01-31T12:00:00.000Z");
  it.each([
    ["one that has just been said counts from now, whatever the server's clock says", true, "2026-01-31T12:00:00.000Z", said + 5000],
    ["one from before counts from when it was said", false, "2026-01-31T12:00:00.000Z", said],
    ["one of the future counts from now", false, "2026-01-31T13:00:00.000Z", said + 5000],
    ["one without a time counts from now", false, "yesterday", said + 5000],
  ])("%s", (_, isNew, sent_at, from) => {
    expect(since(message("m", { sent_at }), isNew, said + 5000)).toBe(from);
  });

  it.each([
    ["before the first is over", 10_999, ["m1", "m2"], [], 11_000],
    ["when it is over", 11_000, ["m1", "m2"], ["m1"], 11_000 + FADING],
    ["when it has faded out", 11_000 + FADING, ["m2"], [], 12_000],
    ["when all have", 12_000 + FADING, [], [], null],
  ])("%s", (_, now, shown, fading, next) => {
    const then = at(stage(1, 2), now);
    expect(ids(then)).toEqual(shown);
    expect(ids(then.filter((one) => one.fading))).toEqual(fading);
    expect(nextChange(then, now)).toBe(next);
  });

  it("does not touch messages that never fade, and waits for nothing", () => {
    const shown = [enter(1, message("m1"), null, 0, USUAL)];
    const then = at(shown, 1e15);
    expect(then[0]).toBe(shown[0]);
    expect(nextChange(then, 1e15)).toBeNull();
  });
});

describe("the stage", () => {
  it("holds at most so many, the newest", () => {
    expect(ids(add(stage(1, 2, 3), stage(4, 5), { ...USUAL, max: 3 }))).toEqual(["m3", "m4", "m5"]);
  });

  it("loses what a moderator takes away", () => {
    const shown = stage(1, 2, 3);
    expect(ids(without(shown, { type: "remove", id: "m2", reason: "moderator" }))).toEqual(["m1", "m3"]);
    expect(without(shown, { type: "remove", id: "m9", reason: "moderator" })).toBe(shown);
  });

  it.each([
    ["everybody's", null, 2, ["m3"]],
    ["everybody's, without saying so", undefined, 1, ["m2", "m3"]],
    ["one author's", "guest:ana", 3, []],
    ["another author's", "guest:bo", 3, ["m1", "m2", "m3"]],
  ])("loses %s messages up to a place when they are cleared", (_, author, up_to, kept) => {
    const whose = author === undefined ? {} : { author };
    expect(ids(without(stage(1, 2, 3), { type: "clear", up_to, reason: "moderator", ...whose }))).toEqual(kept);
  });

  it("loses what was taken away meanwhile, in the stretch that is known", () => {
    expect(ids(only(stage(1, 2, 3, 4, 5), 2, 4, new Set(["m3"])))).toEqual(["m1", "m3", "m5"]);
  });

  it("of a log that is gone has no place in the next one", () => {
    const shown = [...renewed(stage(7, 8)), ...stage(2)];
    expect(oldest(shown)).toBe(2);
    expect(ids(only(shown, 1, 9, new Set()))).toEqual(["m7", "m8"]);
    expect(oldest([])).toBeNull();
  });
});
