import { describe, expect, it } from "vitest";
import { onlyEmotes, parts } from "./text";

const isEmote = (code: string) => ["hype", "lol"].includes(code);

/** Emotes as `<code>`, mentions as `[name]`, those of oneself as `[[name]]`. */
function show(text: string): string {
  return parts(text, isEmote, ["Ana", "Ana Maria", "Dr. Pixel", "Émile"], "ana")
    .map((part) => {
      if (part.kind === "emote") return `<${part.code}>`;
      if (part.kind === "mention") return part.you ? `[[${part.text}]]` : `[${part.text}]`;
      return part.text;
    })
    .join("");
}

describe("a message's parts", () => {
  it.each([
    ["plain words", "plain words"],
    ["nice :hype:", "nice <hype>"],
    [":hype::lol:", "<hype><lol>"],
    ["at 12:30:hype:", "at 12:30<hype>"],
    ["no :such: emote", "no :such: emote"],
    [":nope:lol:", ":nope<lol>"],
    ["::hype::", ":<hype>:"],
    [":HYPE:", ":HYPE:"],
    [":lol:hype:", "<lol>hype:"],
    ["<b>:hype:</b>", "<b><hype></b>"],
    ["@ana hi", "[[@ana]] hi"],
    ["hi @ANA, ok", "hi [[@ANA]], ok"],
    ["@Ana Maria!", "[@Ana Maria]!"],
    ["@anaconda", "@anaconda"],
    ["me@ana.org", "me@ana.org"],
    ["@Dr. Pixel :lol:", "[@Dr. Pixel] <lol>"],
    ["@émile?", "[@émile]?"],
    ["@", "@"],
  ])("%s", (text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it.each([
    [":hype:", true],
    [" :hype: :lol: ", true],
    ["gg :hype:", false],
    ["", false],
    [":nope:", false],
  ])("%j is only emotes: %s", (text, only) => {
    expect(onlyEmotes(parts(text, isEmote, [], null))).toBe(only);
  });
});
