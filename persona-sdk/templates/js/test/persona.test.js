import assert from "node:assert/strict";
import { test } from "node:test";
import { Harness, answering, context, message, speaking, turn } from "@chatter/persona/testkit";
import {{Name}} from "../src/persona.js";

test("reacts to what happened, once", () => {
  const persona = new Harness({{Name}});
  persona.host.answer('"what a save"').answer("still here");
  const stream = context().said("and it holds").event("e1", "hype", "WHAT A SAVE");
  assert.equal(persona.onContext(speaking(), stream).text, "what a save");
  assert.match(persona.host.latestPrompt, /hype: WHAT A SAVE/);
  persona.onContext(speaking(), stream);
  assert.doesNotMatch(persona.host.latestPrompt, /hype: WHAT A SAVE/);
});

test("answers who speaks to it", () => {
  const persona = new Harness({{Name}});
  persona.host.answer("hi Ana");
  const call = message("Ana", "hey nova");
  const called = persona.onFirehose(answering(call), [call]);
  assert.deepEqual([called.text, called.replyTo], ["hi Ana", call.id]);
});

test("is silent when it is not asked to speak, or the model is away", () => {
  const persona = new Harness({{Name}});
  assert.equal(persona.onContext(turn()).silentBecause, "not asked to speak");
  persona.host.fail("busy");
  assert.equal(persona.onContext(speaking()).silentBecause, "the language model is busy");
});
