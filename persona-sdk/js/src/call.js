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
  if (!Number.isInteger(Persona.stateVersion) || Persona.stateVersion < 0) {
    throw new TypeError(`stateVersion is ${Persona.stateVersion}, not a whole number`);
  }
  return {
    name: name ?? Persona.name,
    version: version ?? "0.0.0",
    stateVersion: Persona.stateVersion,
    traits: traits ?? [],
    calls: {
      context: writes(Persona, "onContext"),
      firehose: writes(Persona, "onFirehose"),
      reflect: writes(Persona, "reflect"),
    },
  };
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
    const { persona, before } = load(Persona, turn.state, host);
    const answer = ask(() => persona[method](turn, input, host), host, unanswered);
    if (typeof answer?.then === "function") {
      throw new TypeError(`${method} is async; a call has nothing to wait for: drop \`async\``);
    }
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

/** The persona, and the text that the host already has of its state. */
function load(Persona, stored, host) {
  const persona = new Persona();
  if (!stored) return { persona, before: state.write(persona.state) };
  const text = state.decode(stored.bytes);
  if (stored.version !== Persona.stateVersion) {
    let old;
    try {
      old = JSON.parse(text);
    } catch {
      old = undefined;
    }
    persona.state = persona.migrate(stored.version, old, host);
    if (typeof persona.state?.then === "function") throw new TypeError("migrate is async");
    return { persona, before: undefined };
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
  const plain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  persona.state = plain(old) && plain(persona.state) ? { ...persona.state, ...old } : old;
  return { persona, before: text };
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
  const pairs = (values, key, value) =>
    Object.entries(values ?? {}).map(([name, delta]) => ({ [key]: name, [value]: delta }));
  const { traits, relationships, memories } = ran.answer ?? {};
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
