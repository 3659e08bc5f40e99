/** One call: state in, the author's code, state out. The sandbox and the test kit both come here. */
import { isUnanswered } from "./errors.js";
import { Persona as Base } from "./persona.js";
import { Reply, silent } from "./reply.js";
import { Rng } from "./rng.js";
import * as state from "./state.js";
import { turnOf } from "./turn.js";

/** `Math.random` has another stream of the turn's seed than `turn.rng()`. */
const OF_THE_LANGUAGE = 1;

/** What a component says of itself. */
export function describe(Persona, fallback) {
  const { name, version, traits } = { ...fallback, ...Persona.about };
  return {
    name: name ?? Persona.name,
    version: version ?? "0.0.0",
    stateVersion: versionOf(Persona),
    traits: traits ?? [],
    calls: {
      context: writes(Persona, "onContext"),
      firehose: writes(Persona, "onFirehose"),
      reflect: writes(Persona, "reflect"),
    },
  };
}

/** The version of a persona's state, as the contract has it. */
function versionOf({ stateVersion }) {
  if (!Number.isInteger(stateVersion) || stateVersion < 0 || stateVersion > 0xffffffff) {
    throw new TypeError(`stateVersion is ${stateVersion}, not a whole number below 2^32`);
  }
  return stateVersion;
}

/** Whether the author wrote this method: for the others the host does not even make an instance. */
function writes(Persona, method) {
  return Persona.prototype[method] !== Base.prototype[method];
}

/** Runs `method` on the stored state; gives what it answered, and the new state if it is another. */
function run(Persona, method, record, input, host, unanswered) {
  const turn = turnOf(record);
  const random = Math.random;
  const rng = new Rng(turn.seed, OF_THE_LANGUAGE);
  Math.random = () => rng.unit();
  try {
    const { persona, before, initial } = load(Persona, turn.state, host);
    const answer = ask(() => persona[method](turn, input, host), host, unanswered);
    if (typeof answer?.then === "function") {
      throw new TypeError(`${method} is async; a call has nothing to wait for: drop \`async\``);
    }
    checkFields(persona.state, initial);
    const after = state.write(persona.state);
    return { answer, state: after === before ? null : state.encode(after) };
  } finally {
    Math.random = random;
  }
}

/** A host that said no is no fault of the persona's: what it did not catch ends the call quietly. */
function ask(method, host, unanswered) {
  try {
    return method();
  } catch (error) {
    if (!isUnanswered(error)) throw error;
    host.warn(error.message);
    return unanswered(error);
  }
}

const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Whether the class names the fields of its state. If it names none, they are what they are. */
const namesFields = (initial) => isPlain(initial) && Object.keys(initial).length > 0;

/** A field that the class does not name would be gone with the next call: that is said at once. */
function checkFields(now, initial) {
  if (!namesFields(initial) || !isPlain(now)) return;
  const strange = Object.keys(now).find((field) => !Object.hasOwn(initial, field));
  if (strange !== undefined) {
    throw new TypeError(`state.${strange} has no initial value; give it one where the class says \`state = {...}\``);
  }
}

/**
 * The persona, the text that the host already has of its state, and the state as the class begins
 * with it. Of the top level: a field that the class has and the stored state has not is as it begins;
 * one that the class has no more is dropped.
 */
function load(Persona, stored, host) {
  const version = versionOf(Persona);
  const persona = new Persona();
  const initial = persona.state;
  const fields = isPlain(initial) ? { ...initial } : initial;
  if (!stored) return { persona, before: state.write(initial), initial: fields };
  const text = state.decode(stored.bytes);
  if (stored.version !== version) {
    let old;
    try {
      old = JSON.parse(text);
    } catch {
      old = undefined;
    }
    persona.state = persona.migrate(stored.version, old, host);
    if (typeof persona.state?.then === "function") throw new TypeError("migrate is async");
    return { persona, before: undefined, initial: fields };
  }
  let old;
  try {
    old = JSON.parse(text);
  } catch (error) {
    // To start anew here would throw away what an oversight made unreadable.
    throw new Error(
      `state version ${stored.version} can't be read: ${error.message}; raise stateVersion and write \`migrate\``,
    );
  }
  persona.state = isPlain(old) && isPlain(initial) ? { ...initial, ...known(old, initial) } : old;
  return { persona, before: text, initial: fields };
}

function known(old, initial) {
  if (!namesFields(initial)) return old;
  return Object.fromEntries(Object.entries(old).filter(([field]) => Object.hasOwn(initial, field)));
}

/** A call that ends in what to say. */
export function speak(Persona, method, turn, input, host) {
  const ran = run(Persona, method, turn, input, host, (error) => silent(error.reason));
  if (!(ran.answer instanceof Reply)) {
    throw new TypeError(
      `${method} returned ${ran.answer === undefined ? "nothing" : typeof ran.answer}; return say("...") or silent("why")`,
    );
  }
  const { lines, silentBecause, extensions } = ran.answer;
  const decision =
    silentBecause === undefined ? { tag: "spoke" } : { tag: "silent", val: silentBecause };
  return { state: ran.state, lines, decision, extensions };
}

/** A call that ends in how the persona changes. */
export function reflect(Persona, turn, digest, host) {
  const ran = run(Persona, "reflect", turn, digest, host, () => ({}));
  if (!isPlain(ran.answer)) {
    const what = ran.answer === undefined ? "nothing" : Array.isArray(ran.answer) ? "an array" : typeof ran.answer;
    throw new TypeError(`reflect returned ${what}; return { traits, relationships, memories }, or {} for no change`);
  }
  const pairs = (values, key, value) =>
    Object.entries(values ?? {}).map(([name, delta]) => ({ [key]: name, [value]: delta }));
  const { traits, relationships, memories } = ran.answer;
  return {
    state: ran.state,
    traits: pairs(traits, "name", "value"),
    relationships: pairs(relationships, "authorId", "delta"),
    memories: (memories ?? []).map(entryOf),
  };
}

/** A memory with everything that the contract asks for. */
export function entryOf({ kind, text, about, confidence, source }) {
  return {
    kind,
    text,
    about: about ?? null,
    confidence: confidence ?? 0.8,
    source: source ?? null,
  };
}
