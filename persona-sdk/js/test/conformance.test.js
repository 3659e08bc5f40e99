/** This SDK does what the Rust one does: its tests write `conformance.json`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Chorus, Persona, Prompt, Rng, Style, emote, line, name, quote, silent, wordCount, words } from "../src/index.js";
import { REACTIONS, isReaction } from "../src/reaction.js";
import { Harness, NOW, context, message, personaMessage, turn } from "../src/testkit.js";

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

test("telling words are found", () => {
  assert.equal(words.STOP_WORDS.trim(), wanted.stop_words);
  for (const { text, telling } of wanted.telling) assert.deepEqual(words.telling(text), telling, text);
});

test("reactions are told from everything else", () => {
  assert.equal(REACTIONS.trim(), wanted.reaction_words);
  for (const { text, topic, is_one } of wanted.reactions) assert.equal(isReaction(text, topic), is_one, text);
});

test("a line is repeated in the character's hand", () => {
  for (const { style, text, line } of wanted.repeats) {
    assert.equal(new Style(style).repeat(text, false, new Rng(0)) ?? null, line, `${style}: ${text}`);
  }
});

test("a chorus joins in the same waves, once", () => {
  for (const { lines, event, dropped, joins } of wanted.waves) {
    const recent = lines.map(([ago, name, text]) => ({
      ...(name === "nova" ? personaMessage(name, text) : message(name, text)),
      sentAt: NOW - ago * 1000,
    }));
    const fates = dropped ? [{ messageId: "x", text: dropped, fate: { tag: "dropped", val: "rule" } }] : [];
    const profile = { traits: [{ name: "conformity", value: 1 }] };
    let found = null;
    for (let seed = 0; seed < 40 && !found; seed += 1) {
      const now = turn({ seed, recent, fates, profile });
      const kept = {};
      const chorus = new Chorus(kept);
      if (event) chorus.watch(now, context().moveTo(50_000).event("e1", event, "x").moveTo(60_000));
      const line = chorus.join(now, new Style(""), ["Left"]);
      if (line === undefined) continue;
      found = { line, kept: structuredClone(kept) };
      assert.equal(chorus.join(now, new Style(""), ["Left"]), undefined);
    }
    assert.deepEqual(found, joins, JSON.stringify({ lines, event }));
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
