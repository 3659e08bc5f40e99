import assert from "node:assert/strict";
import { test } from "node:test";
import { wordCount } from "@chatter/persona";
import { Harness, NOW, answering, context, message, personaMessage, speaking, turn } from "@chatter/persona/testkit";
import Bets from "../src/persona.js";
import * as poll from "../src/poll.js";
import { sentences } from "../src/sentences.js";

const profile = { style: "Short: two to seven words. All lowercase, no exclamation marks. No emotes." };
const at = (seconds) => ({ now: NOW + seconds * 1000, profile });

/** A bookmaker that has heard a question with its answers. */
function asked(text = "Power supply, capacitors, or a curse?") {
  const bets = new Harness(Bets);
  bets.onContext(turn(at(0)), context().said(text));
  return bets;
}

const bet = (bets, name, text, seconds = 2) =>
  bets.onFirehose(turn(at(seconds)), [message(name, text)]);

test("questions that name their answers are found, and no others", () => {
  const cases = [
    ["Power supply, capacitors, or a curse?", ["power supply", "capacitors", "curse"]],
    ["Vinegar, or alcohol?", ["vinegar", "alcohol"]],
    ["Should we try the low note first, or middle C again?", ["low note", "middle"]],
    ["red or blue?", ["red", "blue"]],
    ["Do you put honey in a very smoky cup of tea, or is that a crime?", null],
    ["What should we name the walrus?", null],
    ["Is it you or me?", null],
    ["It is red or blue.", null],
    ["a, b, c, d, e, or f?", null],
    ["the same or the same?", null],
  ];
  for (const [question, wanted] of cases) {
    assert.deepEqual(poll.open(question, 0)?.options.map(({ text }) => text) ?? null, wanted, question);
  }
});

test("a verdict names one answer, and does not deny it", () => {
  const open = poll.open("Vinegar, or alcohol?", 0);
  const cases = [
    ["Okay, chat says alcohol.", "alcohol"],
    ["Alcohol.", "alcohol"],
    ["It's the vinegar, obviously!", "vinegar"],
    ["It is not vinegar.", null],
    ["I have some vinegar over there.", null],
    ["It was vinegar and alcohol.", null],
    ["Is it vinegar?", null],
  ];
  for (const [sentence, wanted] of cases) {
    assert.equal(poll.verdict(open, sentence)?.text ?? null, wanted, sentence);
  }
});

test("sentences end where the voice does, and come once", () => {
  const stream = context().said("Power supply,").said("or a curse? Place your").said("bets now.");
  const { transcript } = stream;
  assert.deepEqual(sentences(transcript, 0), ["Power supply, or a curse?", "Place your bets now."]);
  assert.deepEqual(sentences(transcript, 8000), ["Place your bets now."]);
  assert.deepEqual(sentences(transcript.slice(0, 2), 0), ["Power supply, or a curse?"]);
});

test("bets are opened, taken and settled", () => {
  const bets = asked();
  const opened = bets.onContext(speaking(at(1)), context().moveTo(4000));
  assert.equal(opened.text, "bets open: power supply / capacitors / curse");
  bet(bets, "Ana", "capacitor for sure");
  bet(bets, "Bo", "its a curse");
  bet(bets, "Bo", "no wait. power supply");
  bet(bets, "Cy", "power supply or capacitors");
  const how = message("Dee", "hey nova how do the bets stand?");
  const told = bets.onFirehose(answering(how, at(5)), [how]);
  assert.deepEqual([told.text, told.replyTo], ["1 on power supply, 1 on capacitors", how.id]);
  const stream = context().moveTo(20_000).said("It was the capacitors.");
  const settled = bets.onContext(speaking(at(24)), stream);
  assert.equal(settled.text, "capacitors it is. ana called it");
  assert.equal(bets.state.poll, null);
  assert.deepEqual(bets.host.remembered.map(({ text, about }) => [text, about]), [
    ["Ana won the bet on capacitors", "guest:ana"],
  ]);
  const who = message("Bo", "nova who won?");
  assert.equal(bets.onFirehose(answering(who, at(30)), [who]).text, "ana won the last one");
});

test("a settled bet is told while it is fresh, and only when it may speak", () => {
  const stream = context().moveTo(20_000).said("It was the capacitors.");
  const late = context().moveTo(60_000);
  for (const [seconds, wanted] of [[30, "capacitors it is. nobody had it"], [80, undefined]]) {
    const bets = asked();
    assert.equal(bets.onContext(turn(at(24)), stream).silentBecause, "not asked to speak");
    assert.equal(bets.onContext(speaking(at(seconds)), late).text, wanted);
  }
});

test("without a verdict the bets are off", () => {
  const bets = asked();
  const over = bets.onContext(speaking(at(300)), context().moveTo(300_000));
  assert.equal(over.text, "no verdict on power supply, bets are off");
  assert.equal(bets.state.poll, null);
});

test("its own calls are settled by what happens next", () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const bets = new Harness(Bets);
    bets.onContext(turn({ ...at(0), seed }), context().event("e1", "fail", "oh no"));
    const called = bets.onContext(speaking({ ...at(20), seed }), context().event("e1", "fail", "oh no"));
    const { side } = bets.state.call;
    assert.match(called.text, side === "hype" ? /works|win|lands/ : /wrong|breaks|fail|won't/);
    const next = context().event("e1", "fail", "oh no").event("e2", "hype", "YES");
    const settled = bets.onContext(speaking({ ...at(40), seed }), next);
    assert.equal(bets.state.right, side === "hype" ? 1 : 0);
    assert.equal(bets.state.called, 1);
    assert.match(settled.text, side === "hype" ? /called|told|house/ : /on me|lost|pays|coming/);
  }
});

test("a run of fails is expected to break", () => {
  const bets = new Harness(Bets);
  const stream = context();
  for (let i = 0; i < 4; i += 1) stream.event(`f${i}`, "fail", "no");
  bets.onContext(turn(at(0)), stream);
  bets.onContext(speaking(at(20)), stream);
  assert.deepEqual([bets.state.call.side, bets.state.call.odds], ["hype", 4]);
});

test("whoever asks anything gets odds, or the record", () => {
  const bets = new Harness(Bets);
  const any = message("Ana", "nova will it rain?");
  assert.match(bets.onFirehose(answering(any, at(0)), [any]).text, /^[1-5]:1 (yes|no|against|on it)$/);
  const score = message("Ana", "nova whats your record");
  assert.equal(bets.onFirehose(answering(score, at(0)), [score]).text, "nothing called yet");
});

test("who won in an earlier session is looked up", () => {
  const bets = new Harness(Bets);
  bets.host.knows({ kind: "persona-note", text: "Bo won the bet on the curse" });
  const who = message("Ana", "nova who won?");
  assert.equal(bets.onFirehose(answering(who, at(0)), [who]).text, "bo won the bet on the curse");
});

test("a memory that does not answer costs nothing but itself", () => {
  const bets = asked();
  bets.host.budgets.writes = 0;
  bet(bets, "Ana", "capacitors");
  const stream = context().moveTo(20_000).said("It was the capacitors.");
  assert.equal(bets.onContext(speaking(at(24)), stream).text, "capacitors it is. ana called it");
});

test("a stream that begins again closes what was open", () => {
  const bets = asked();
  bets.onContext(turn(at(50)), context().moveTo(50_000));
  bets.onContext(turn(at(60)), context().moveTo(1000));
  assert.equal(bets.state.poll, null);
});

test("its own words and other personas' bets are told apart", () => {
  const bets = asked();
  bets.onFirehose(turn(at(2)), [personaMessage("moss", "capacitors"), personaMessage("nova", "curse")]);
  assert.deepEqual(bets.state.poll.bets.map(({ name }) => name), ["Moss"]);
});

test("lines are chat: short, and bounded whatever others are called", () => {
  const long = "x".repeat(400);
  const bets = asked(`${long.slice(0, 90)}, or ${"y".repeat(90)}?`);
  const opened = bets.onContext(speaking(at(1)), context().moveTo(4000));
  assert.ok(opened.text.length < 80, opened.text);
  bet(bets, long, "y".repeat(90));
  const settled = bets.onContext(speaking(at(20)), context().moveTo(20_000).said(`It was ${"y".repeat(90)}.`));
  assert.ok(settled.text.length < 80 && wordCount(settled.text) <= 7, settled.text);
});

test("state stays small however much is bet", () => {
  const bets = asked();
  for (let i = 0; i < 300; i += 1) bet(bets, `viewer ${i}`, "a curse");
  const stream = context();
  for (let i = 0; i < 300; i += 1) stream.event(`e${i}`, "fail", "no");
  bets.onContext(turn(at(2)), stream);
  assert.ok(bets.stored.bytes.length < 8192, `${bets.stored.bytes.length} bytes`);
});
