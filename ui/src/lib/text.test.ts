import { describe, expect, it } from "vitest";
import { onlyEmotes, parts } from "./text";

const isEmote = (code: string) => ["hype", "lol"].includes(code);

/** Emotes as `<code>`, mentions as `[name]`, those of oneself as `[[name]]`, links as `{text}`. */
function show(text: string): string {
  return parts(text, isEmote, ["Ana", "Ana Maria", "Dr. Pixel", "Émile"], "ana")
    .map((part) => {
      if (part.kind === "emote") return `<${part.code}>`;
      if (part.kind === "link") return `{${part.text}}`;
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
    ["https://a.example/b?c=d#e", "{https://a.example/b?c=d#e}"],
    ["see HTTP://a.example, or not", "see {HTTP://a.example}, or not"],
    ["(https://a.example/b).", "({https://a.example/b})."],
    ["https://a.example/b_(c)!", "{https://a.example/b_(c)}!"],
    ["[b](https://a.example/b)c", "[b]({https://a.example/b})c"],
    ["**https://a.example**", "**{https://a.example}**"],
    ["“https://a.example”…", "“{https://a.example}”…"],
    ["https://a.example/(b", "{https://a.example/(b}"],
    ["https://a.example)https://b.example", "{https://a.example}){https://b.example}"],
    ["https://a.example/を見て。次", "{https://a.example/を見て}。次"],
    ["https://a.example/:hype: :hype:", "{https://a.example/:hype}: <hype>"],
    ["https://a.example/@ana @ana", "{https://a.example/@ana} [[@ana]]"],
    ["https://a.example/\u202eb", "{https://a.example/}\u202eb"],
    ["xhttps://a.example", "xhttps://a.example"],
    ["https://", "https://"],
    ["https://...", "https://..."],
    ["https://a b", "{https://a} b"],
    ["https://[", "https://["],
    ["https://a.example:99999/", "https://a.example:99999/"],
    ["https://twitch.tv@evil.example/", "https://twitch.tv@evil.example/"],
    ["https://***/ https://a.example/***/b", "https://***/ https://a.example/***/b"],
    ["https://@evil.example/", "https://@evil.example/"],
    ["https://twitch.tv:443@evil.example/", "https://twitch.tv:443@evil.example/"],
    ["https:///twitch.tv@evil.example/", "https:///twitch.tv@evil.example/"],
    ["https://\\twitch.tv@evil.example/", "https://\\twitch.tv@evil.example/"],
    ["https:///twitch.tv/", "https:///twitch.tv/"],
    ["https://youtube.com\u2044x.evil.example/", "https://youtube.com\u2044x.evil.example/"],
    ["https://youtube.com\u2215x.evil.example/", "https://youtube.com\u2215x.evil.example/"],
    ["https://tw\u0456tch.tv/", "https://tw\u0456tch.tv/"],
    ["https://youtube.comを見て", "https://youtube.comを見て"],
    ["看https://youtube.com/x", "看{https://youtube.com/x}"],
    ["https://twitch.tv%40evil.example/", "https://twitch.tv%40evil.example/"],
    ["javascript:alert(1) ftp://a.example data:text/html,hi", "javascript:alert(1) ftp://a.example data:text/html,hi"],
    ["www.a.example a.example", "www.a.example a.example"],
  ])("%s", (text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it.each([
    ["https://a.example", "https://a.example/"],
    ["https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"],
    ["https://twitch.tv\\@evil.example", "https://twitch.tv/@evil.example"],
    ["https://a.example/../b", "https://a.example/b"],
    ["http://a.example:8080?x", "http://a.example:8080/?x"],
    ["https://пример.example/", "https://xn--e1afmkfd.example/"],
  ])("the link %s leads to %s", (text, href) => {
    expect(parts(text, isEmote, [], null)).toEqual([{ kind: "link", text, href }]);
  });

  it.each([
    [":hype:", true],
    [" :hype: :lol: ", true],
    ["gg :hype:", false],
    [":hype: https://a.example", false],
    ["", false],
    [":nope:", false],
  ])("%j is only emotes: %s", (text, only) => {
    expect(onlyEmotes(parts(text, isEmote, [], null))).toBe(only);
  });
});
