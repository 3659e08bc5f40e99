import { describe, expect, it } from "vitest";
import { choices, longest, named, refusal, writing } from "./commands";

it.each([
  ["hello", null],
  ["and/or", null],
  [" /ban", "ban"],
  ["/", ""],
  ["/BAN Ben", "ban"],
  ["/slow", "slow"],
])("the command of %j is %j", (text, name) => {
  expect(named(text)).toBe(name);
});

it.each([
  ["hello", 300, 300],
  ["hello", undefined, 500],
  ["/ban Ben he was rude", 300, 500],
  [" /help", 20, 500],
])("%j may be so long where messages have %j characters: %d", (text, room, characters) => {
  expect(longest(text, room)).toBe(characters);
});

describe("what is not to be sent", () => {
  it.each([
    ["hello", true, null],
    ["/slow", true, null],
    ["/slow 10", true, null],
    ["/help", false, null],
    ["/ban Ben he was rude", true, null],
    ["/ban ", true, "Something is missing: /ban NAME [REASON]"],
    ["/ban Ben", false, "/ban is for moderators"],
    ["/mod Ben", true, "/mod is for the operator"],
    ["/followers 10", true, null],
    ["/followers 10", false, "/followers is for moderators"],
    ["/bna Ben", true, "There is no command /bna: /help lists those there are"],
    ["/", false, "There is no command /: /help lists those there are"],
  ])("%j, moderator: %s", (text, moderates, why) => {
    expect(refusal(text, moderates)).toBe(why);
  });
});

it("each is offered to those who may use it", () => {
  expect(choices(false).map(({ term }) => term)).toEqual(["help"]);
  expect(choices(true).length).toBeGreaterThan(15);
  expect(writing("/timeout Be", true)?.takes).toBe("NAME [SECONDS|10m|1h30m|2d|1w] [REASON]");
  expect(writing("/timeout Be", false)).toBeNull();
});
