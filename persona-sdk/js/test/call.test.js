import assert from "node:assert/strict";
import { test } from "node:test";
import { LlmError, Persona, Rng, keepLatest, say, silent } from "../src/index.js";
import { describe } from "../src/call.js";
import { explain } from "../src/explain.js";
import { Harness, answering, context, message, personaMessage, speaking, turn } from "../src/testkit.js";

class Counter extends Persona {
  static stateVersion = 2;

  state = { called: 0, seen: [] };

  onContext(turn, stream, host) {
    this.state.called += 1;
    if (stream.summary === "fail") throw new Error("told to fail");
    if (stream.summary === "ask") return say(host.complete({ messages: [], maxTokens: 5, temperature: 1 }).text);
    if (stream.summary === "dice") return say(`${Math.random()} ${turn.rng().unit()}`);
    if (stream.summary === "map") this.state.seen = new Map();
    if (stream.summary === "nothing") return undefined;
    if (stream.summary === "remember") {
      host.remember({ kind: "persona-note", text: "noted" });
      if (this.state.called > 1) throw new Error("not this time");
    }
    return say(`call ${this.state.called}`);
  }

  onFirehose(turn, messages) {
    const named = messages.findLast((one) => turn.isNamedIn(one));
    return named ? say("yes?").replyTo(named.id) : silent("nobody called");
  }

  migrate(version, stored) {
    return { called: stored.old + version, seen: [] };
  }
}

const about = (summary) => Object.assign(context(), { summary });

test("state goes from call to call, and not out of a failed one", () => {
  const counter = new Harness(Counter);
  assert.equal(counter.onContext(turn()).text, "call 1");
  assert.throws(() => counter.onContext(turn(), about("fail")), /told to fail/);
  assert.equal(counter.onContext(turn()).text, "call 2");
  assert.deepEqual(counter.state, { called: 2, seen: [] });
});

test("a new field of the state has its initial value", () => {
  const counter = new Harness(Counter);
  counter.stored = { version: 2, bytes: new TextEncoder().encode('{"called":7}') };
  counter.onContext(turn());
  assert.deepEqual(counter.state, { called: 8, seen: [] });
});

test("a field that the class has no more is dropped", () => {
  const counter = new Harness(Counter);
  counter.stored = { version: 2, bytes: new TextEncoder().encode('{"called":7,"seen":[{"who":"Ana"}],"ü":"ö🔥"}') };
  counter.onContext(turn());
  assert.deepEqual(counter.state, { called: 8, seen: [{ who: "Ana" }] });
});

test("a field that the class does not name is refused by its place, unless it names none", () => {
  class Collector extends Persona {
    onContext(turn) {
      this.state[turn.room.title] = 1;
      return silent("noted");
    }
  }
  class Named extends Collector {
    state = { lobby: 0 };
  }
  const collector = new Harness(Collector);
  for (const title of ["a", "b"]) collector.onContext(turn({ room: { id: "main/x", title } }));
  assert.deepEqual(collector.state, { a: 1, b: 1 });
  assert.throws(() => new Harness(Named).onContext(turn()), /state\.Lobby has no initial value/);
});

test("a state version that the contract has no form for is refused in every call", () => {
  for (const version of [-1, 1.5, "1", 2 ** 32]) {
    class Odd extends Persona {
      static stateVersion = version;
    }
    assert.throws(() => new Harness(Odd).onContext(turn()), /stateVersion is .*, not a whole number/);
    assert.throws(() => describe(Odd, {}), /stateVersion is .*, not a whole number/);
  }
});

test("a reflection that is none is refused", () => {
  for (const [answer, what] of [[undefined, "nothing"], [[], "an array"], ["x", "string"]]) {
    class Absent extends Persona {
      reflect() {
        return answer;
      }
    }
    const words = new RegExp(`reflect returned ${what}; return`);
    assert.throws(() => new Harness(Absent).reflect(turn()), words);
  }
  assert.deepEqual(new Harness(Persona).reflect(turn()).memories, []);
});

test("extensions have a form in JSON", () => {
  assert.throws(() => silent("x").withExtensions(undefined), /undefined has no form in JSON/);
  assert.equal(silent("x").withExtensions({ a: 1 }).extensions, '{"a":1}');
});

test("state of another version is migrated", () => {
  const counter = new Harness(Counter);
  counter.stored = { version: 1, bytes: new TextEncoder().encode('{"old":4}') };
  assert.equal(counter.onContext(turn()).text, "call 6");
  assert.equal(counter.stored.version, 2);
});

test("state that can't be read is not thrown away", () => {
  const counter = new Harness(Counter);
  counter.stored = { version: 2, bytes: new TextEncoder().encode("{") };
  assert.throws(() => counter.onContext(turn()), /state version 2 can't be read/);
});

test("state that JSON would change is refused by its place", () => {
  const counter = new Harness(Counter);
  assert.throws(() => counter.onContext(turn(), about("map")), /state\.seen is a Map/);
});

test("a call that says nothing of itself is explained", () => {
  const counter = new Harness(Counter);
  assert.throws(() => counter.onContext(turn(), about("nothing")), /onContext returned nothing; return say/);
});

test("a model that does not answer ends the call in silence, with its reason", () => {
  const counter = new Harness(Counter);
  counter.host.fail("busy");
  const called = counter.onContext(turn(), about("ask"));
  assert.equal(called.silentBecause, "the language model is busy");
  assert.equal(counter.state.called, 1);
  assert.ok(new LlmError("busy") instanceof Error);
});

test("memories of a failed call are not kept", () => {
  const counter = new Harness(Counter);
  counter.onContext(turn(), about("remember"));
  assert.throws(() => counter.onContext(turn(), about("remember")), /not this time/);
  assert.equal(counter.host.remembered.length, 1);
});

test("the same turn throws the same dice, another seed others", () => {
  const throws = (seed) => new Harness(Counter).onContext(turn({ seed }), about("dice")).text;
  assert.equal(throws(1), throws(1));
  assert.notEqual(throws(1), throws(2));
  assert.notEqual(throws(2 ** 53 + 2 ** 40), throws(2 ** 53));
  const [language, own] = throws(1).split(" ");
  assert.notEqual(language, own);
});

test("who is spoken to is found by name and by mark", () => {
  const nova = new Harness(Counter);
  const call = message("Ana", "hey NOVA!");
  assert.equal(nova.onFirehose(answering(call), [call]).replyTo, call.id);
  assert.equal(nova.onFirehose(speaking(), [message("Ana", "innovation")]).silentBecause, "nobody called");
  const mark = { ...personaMessage("bo", "psst"), mentions: ["persona:nova"] };
  assert.equal(nova.onFirehose(speaking(), [mark]).text, "yes?");
});

test("a broken rule is named as the host names it", () => {
  class Rude extends Persona {
    onContext(turn, stream) {
      return stream.summary.split("|").reduce((reply, text) => reply.andSay(text), say("a"));
    }
  }
  const rude = new Harness(Rude);
  const cases = [
    ["b|c|d", /lines: 4 of them, at most 3/],
    [" ", /lines\[1\]\.text: empty/],
    ["a\nb", /lines\[1\]\.text: more than one line/],
    ["x".repeat(301), /lines\[1\]\.text: longer than 300/],
  ];
  for (const [lines, problem] of cases) {
    assert.throws(() => rude.onContext(turn(), about(lines)), problem);
  }
});

test("an error is explained by the author's own lines", () => {
  const build = { project: "/personas/x/", sdk: "/persona-sdk/js/src/" };
  const error = new TypeError("no such thing");
  error.stack = [
    "    at said (/persona-sdk/js/src/reply.js:38:9)",
    "    at deeper (/personas/x/src/deep.js:7:12)",
    "    at onContext (/personas/x/src/persona.js:12:9)",
    "    at ask (/persona-sdk/js/src/call.js:3:1)",
    "",
  ].join("\n");
  const { words, stack } = explain(error, build);
  assert.equal(words, "TypeError: no such thing at src/deep.js:7:12 in deeper");
  assert.equal(
    stack,
    "/persona-sdk/js/src/reply.js:38:9 in said\nsrc/deep.js:7:12 in deeper\nsrc/persona.js:12:9 in onContext",
  );
  assert.deepEqual(explain("words", build), { words: "thrown: words", stack: "" });
});

test("a list of the latest can't grow", () => {
  const list = [];
  assert.ok(keepLatest(list, "a", 2) && keepLatest(list, "b", 2));
  assert.ok(!keepLatest(list, "a", 2));
  keepLatest(list, "c", 2);
  assert.deepEqual(list, ["a", "c"]);
});

test("numbers stay in their bounds", () => {
  const rng = new Rng(7);
  const seen = [0, 0, 0, 0, 0];
  for (let i = 0; i < 1000; i += 1) {
    seen[rng.below(5)] += 1;
    assert.ok(rng.unit() < 1);
  }
  assert.ok(seen.every((n) => n > 150), `each about 200 times of 1000: ${seen}`);
  assert.equal(rng.pick([]), undefined);
});

test("only the calls that are written are asked for", () => {
  assert.deepEqual(describe(Counter, { name: "counter", version: "1.2.3" }), {
    name: "counter",
    version: "1.2.3",
    stateVersion: 2,
    traits: [],
    calls: { context: true, firehose: true, reflect: false },
  });
});

test("a budget that the test sets is what the persona is told", () => {
  class Frugal extends Persona {
    onContext(turn) {
      return say(`${turn.limits.llmCalls}`);
    }
  }
  const frugal = new Harness(Frugal);
  frugal.host.budgets.llmCalls = 1;
  assert.equal(frugal.onContext(turn()).text, "1");
});
