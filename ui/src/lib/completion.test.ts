import { describe, expect, it } from "vitest";
import { choose, complete, completeWord, isWritten, sole, type Choice } from "./completion";

const names: Choice[] = ["Nova", "Professor Moss", "Ana Maria", "moss"].map((term) => ({ kind: "name", term, about: "" }));
const awkward: Choice[] = ['x "the king" x', "@home"].map((term, at) => ({ kind: "name", term, id: `guest:${at}`, about: "" }));
const emotes: Choice[] = [
  { kind: "emote", term: "hype", about: "excitement, let's go" },
  { kind: "emote", term: "heart", about: "love" },
  { kind: "emote", term: "gg", about: "good game" },
];

const commands: Choice[] = [
  { kind: "command", term: "slow", about: "[SECONDS] – a pause between messages" },
  { kind: "command", term: "slowoff", about: "ends slow mode" },
  { kind: "command", term: "ban", about: "NAME – keeps somebody from speaking" },
];

/** Names that begin with each other, the longest first. */
const alike: Choice[] = ["Maxine", "Max Power", "Max"].map((term) => ({ kind: "name", term, about: "" }));

/** `|` is the caret. */
function at(text: string, names: Choice[]) {
  const caret = text.indexOf("|");
  return complete(text.replace("|", ""), caret, { names, emotes, commands });
}

describe("a word", () => {
  it.each([
    ["hi no|", ["Nova"]],
    ["pro|", ["Professor Moss"]],
    ["so he|", ["heart"]],
    ["mo|", ["moss"]],
    ["n|", null],
    ["@no|", null],
    [":he|", null],
    ["xno|", null],
    ["no |", null],
    ["no| more", ["Nova"]],
  ])("%s", (text, terms) => {
    const caret = text.indexOf("|");
    const offered = completeWord(text.replace("|", ""), caret, { names, emotes, commands });
    expect(offered?.choices.map(({ term }) => term) ?? null).toEqual(terms);
  });
});

it.each([
  ["hi nov|", "Nova"],
  ["so hear|", null],
  ["no he|", null],
])("of %s is taken without being chosen: %s", (text, term) => {
  const caret = text.indexOf("|");
  const henry: Choice = { kind: "name", term: "Henry", about: "" };
  const offered = completeWord(text.replace("|", ""), caret, { names: [...names, henry], emotes, commands });
  expect(offered && (sole(offered)?.term ?? null)).toBe(term);
});

it("a word is taken as long as it was typed, whatever its letter case", () => {
  const text = "hi İz";
  const offered = completeWord(text, text.length, { names: [{ kind: "name", term: "İzmir", about: "" }], emotes: [], commands: [] });
  const [choice] = offered?.choices ?? [];
  expect(offered && choice && choose(text, offered, choice).text).toBe("hi @İzmir ");
});

describe("what is offered", () => {
  it.each([
    ["@|", ["Nova", "Professor Moss", "Ana Maria", "moss"]],
    ["hi @n|", ["Nova"]],
    ["@mo|", ["moss", "Professor Moss"]],
    ["@ana m|", ["Ana Maria"]],
    ["@zz|", null],
    ["me@n|", null],
    ["@n| and more", ["Nova"]],
    [":hy|", ["hype"]],
    [":ex|", ["hype"]],
    [":H|", null],
    ["so :g|", null],
    ["so :GO|", ["hype", "gg"]],
    [":lov|", ["heart"]],
    [":|", null],
    ["12:he|", null],
    [":hype:|", null],
    [":hype: :go|", ["hype", "gg"]],
    ["/|", ["slow", "slowoff", "ban"]],
    ["/sl|", ["slow", "slowoff"]],
    ["/sPeak|", ["ban"]],
    ["/ban |", null],
    ["say /sl|", null],
    ["/ban @n|", ["Nova"]],
    ['/ban @"ana m|', ["Ana Maria"]],
    ['say @"ana m|', null],
    ["nothing|", null],
    ["|", null],
  ])("%s", (text, terms) => {
    expect(at(text, names)?.choices.map(({ term }) => term) ?? null).toEqual(terms);
  });

  it.each([
    ["@ma|", ["Maxine", "Max Power", "Max"]],
    ["@Max|", ["Max", "Maxine", "Max Power"]],
    ["/ban @max|", ["Max", "Maxine", "Max Power"]],
    ["@max p|", ["Max Power"]],
  ])("%s has what was typed whole first", (text, terms) => {
    expect(at(text, alike)?.choices.map(({ term }) => term)).toEqual(terms);
  });

  it.each([
    ["hi @max|", true],
    ["/ban @Max|", true],
    ["@max power|", true],
    ["@max|ine", false],
    ["@ma|", false],
    // In a command that is two words, and the first another's name.
    ["/ban @max power|", false],
    ["/ban @hom|e", false],
    ["/slow|", true],
    ["/sl|ow", true],
    ["/SLOW|", true],
    ["/sl|", false],
    [":hype|", false],
  ])("%s is written out: %s", (text, is) => {
    const completion = at(text, [...alike, ...awkward]);
    const first = completion?.choices[0];
    if (!completion || !first) throw new Error("nothing is offered");
    expect(isWritten(text.replace("|", ""), completion, first)).toBe(is);
  });

  it.each([
    ["hi @n|", "hi @Nova |"],
    ["hi @n| there", "hi @Nova | there"],
    [":he|", ":heart: |"],
    ["@mo|x", "@moss |x"],
    ["/b|", "/ban |"],
    ["hi @ana|", "hi @Ana Maria |"],
    ["/ban @ana|", '/ban @"Ana Maria" |'],
    ['/ban @"ana| rude', '/ban @"Ana Maria" |rude'],
    ["/ban @n|", "/ban @Nova |"],
    ["/ban @x|", "/ban guest:0 |"],
    ["/ban @hom|", "/ban guest:1 |"],
    ["hi @x|", 'hi @x "the king" x |'],
  ])("%s becomes %s", (text, chosen) => {
    const completion = at(text, [...names, ...awkward]);
    const first = completion?.choices[0];
    if (!completion || !first) throw new Error("nothing is offered");
    const put = choose(text.replace("|", ""), completion, first);
    // The caret is after the space, or before it if that was there.
    expect(`${put.text.slice(0, put.caret)}|${put.text.slice(put.caret)}`.replace(/ \|/, " |")).toBe(chosen.replace("| there", "|there"));
  });
});
