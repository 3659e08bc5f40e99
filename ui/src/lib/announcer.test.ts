import { describe, expect, it } from "vitest";
import { Announcer, PAUSE } from "./announcer";

const say = (author: string, text: string, forYou = false) => ({ id: text, author, text, forYou });

describe("an announcer", () => {
  it("reads a few messages out", () => {
    const it = new Announcer();
    expect(it.due(0)).toBeNull();
    it.take(say("Ana", "hi"));
    it.take(say("Nova", "hello Ana", true));
    expect(it.due(0)).toBe("Ana: hi Nova to you: hello Ana");
    expect(it.due(PAUSE)).toBeNull();
  });

  it("waits between two announcements", () => {
    const it = new Announcer();
    it.take(say("Ana", "one"));
    expect(it.due(0)).toBe("Ana: one");
    it.take(say("Ana", "two"));
    expect(it.due(PAUSE - 1)).toBeNull();
    expect(it.due(PAUSE)).toBe("Ana: two");
  });

  it("says nothing of what was taken back", () => {
    const it = new Announcer();
    it.take(say("Ana", "one"));
    it.take(say("Ana", "two"));
    it.keep((id) => id !== "one");
    expect(it.due(0)).toBe("Ana: two");
  });

  it("says of a flood how many there were", () => {
    const it = new Announcer();
    for (let n = 1; n <= 250; n++) it.take(say("Ana", `number ${n}`));
    expect(it.due(0)).toBe("250 new messages. Latest: Ana: number 250");
  });

  it("does not let a flood drown one's name", () => {
    const it = new Announcer();
    it.take(say("Nova", "welcome back", true));
    for (let n = 1; n <= 99; n++) it.take(say("Ana", `number ${n}`));
    expect(it.due(0)).toBe("100 new messages. Nova to you: welcome back");
  });

  it("can say only what is for oneself", () => {
    const it = new Announcer();
    it.take(say("Nova", "welcome back", true));
    for (let n = 1; n <= 99; n++) it.take(say("Ana", `number ${n}`));
    expect(it.due(0, true)).toBe("Nova to you: welcome back");
    it.take(say("Ana", "and"));
    expect(it.due(PAUSE, true)).toBeNull();
  });

  it("cuts what is long", () => {
    const it = new Announcer();
    it.take(say("Ana", "a".repeat(500)));
    expect(it.due(0)?.length).toBeLessThan(160);
  });
});
