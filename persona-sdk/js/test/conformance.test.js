/** This SDK does what the Rust one does: its tests write `conformance.json`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Persona, Prompt, Style, emote, line, name, quote, silent, wordCount, words } from "../src/index.js";
import { Harness, context, turn } from "../src/testkit.js";

const read = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
const wanted = read("../../conformance.json");

test("one line is made of a completion", () => {
  for (const { text, names, max, line: made } of wanted.completions) {
    assert.equal(line.fromCompletion(text, names, max) ?? null, made, JSON.stringify(text));
  }
});

test("a text is made one line", () => {
  for (const { text, max, line: made } of wanted.tidy) {
    assert.equal(line.tidy(text, max) ?? null, made, JSON.stringify(text));
  }
});

test("strangers' words are made safe", () => {
  for (const { text, ...made } of wanted.quotes) {
    assert.deepEqual({ name: name(text), quote: quote(text) }, made, JSON.stringify(text));
  }
});

test("words are found", () => {
  for (const { text, ...made } of wanted.words) {
    const found = {
      fingerprint: words.fingerprint(text),
      has_a_cafe: words.hasPhrase(text, "Café speedrun"),
      words: words.all(text),
    };
    assert.deepEqual(found, made, text);
  }
});

test("extensions are refused as the host refuses them", () => {
  class Extender extends Persona {
    onContext(_turn, { summary }) {
      const reply = silent("as told");
      reply.extensions = summary;
      return reply;
    }
  }
  for (const { text, times, problem } of wanted.extensions) {
    const summary = times === null ? text : `"${text.repeat(times)}"`;
    const call = () => new Harness(Extender).onContext(turn(), Object.assign(context(), { summary }));
    if (problem === null) call();
    else assert.throws(call, ({ message }) => message.startsWith(problem), text);
  }
});

test("the emotes are the protocol's", () => {
  assert.deepEqual(emote.ALL, read("../../../protocol/emotes.json"));
});

test("emotes are found in a text", () => {
  for (const { text, ...made } of wanted.emotes) {
    const found = {
      codes: emote.inText(text).map(({ code }) => code),
      is_only: emote.isOnly(text),
      known: emote.known(text),
      loud: emote.mapWords(text, (part) => part.toUpperCase()),
      only: emote.only(text, 2) ?? null,
      stripped: emote.stripped(text),
      words: wordCount(text),
    };
    assert.deepEqual(found, made, JSON.stringify(text));
  }
});

test("a style is read", () => {
  for (const { style, ...made } of wanted.styles) {
    const read = new Style(style);
    const found = {
      bare: read.bare,
      emotes: read.emotes,
      lowercase: read.lowercase,
      own: read.ownEmotes.map(({ code }) => code),
      share: read.emoteShare,
      shouts: read.shouts,
      stretches: read.stretches,
      words: read.words,
    };
    assert.deepEqual(found, made, style);
  }
});

test("a prompt is the same, word for word", () => {
  for (const { style, texts, system, user } of wanted.prompts) {
    const value = (name, value) => ({ name, value });
    const { profile: me } = turn({
      profile: {
        bio: "Speedrunner\nat heart.",
        style,
        traits: [value("humour", 0.7), value("warmth", 0.25), value("patience", 0.75)],
        drift: [value("humour", -0.2)],
      },
    });
    const said = texts.map((text, i) => ({
      author: { id: "guest:x", name: text, kind: i % 3 === 2 ? "persona" : "viewer" },
      text,
    }));
    const events = texts.map((text) => ({ kind: text, text }));
    const prompt = new Prompt(me)
      .instruct(" Be kind. ")
      .stream({ transcript: events, keywords: texts.map((term) => ({ term })) })
      .events(events)
      .chat(me, said)
      .memories(events)
      .earlierLines(texts)
      .section("Of one's own", texts);
    if (said.length > 0) prompt.answer(said.at(-1));
    const { messages } = prompt.task(" Go on. ").request(60, 0.5);
    assert.equal(messages[0].content, system, style);
    assert.equal(messages[1].content, user, style);
  }
});
