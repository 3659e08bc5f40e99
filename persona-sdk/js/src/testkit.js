/**
 * A persona outside the sandbox: calls under the host's rules for outcomes and its default budgets.
 * CPU time, memory and wall time are bounded only in the sandbox.
 */
import * as call from "./call.js";
import { LlmError, MemoryError } from "./errors.js";
import * as state from "./state.js";
import { turnOf } from "./turn.js";
import * as words from "./words.js";

/** The time in turns and messages that name none: 2026-01-31T12:00:00Z. */
export const NOW = 1_769_860_800_000;

const BUDGETS = { llmCalls: 4, llmTokens: 1000, searches: 8, writes: 8 };
const LIMITS = {
  maxLines: 3,
  maxLineChars: 300,
  maxStateBytes: 65_536,
  ...limitsOf(BUDGETS),
  cpuMs: 100,
};
const MAX_ENTRY_CHARS = 1000;
const MAX_EXTENSIONS_BYTES = 4096;

function limitsOf({ llmCalls, llmTokens, searches, writes }) {
  return { llmCalls, llmTokens, memorySearches: searches, memoryWrites: writes };
}

let ids = 0;

function freshId() {
  ids += 1;
  return `00000000-0000-7000-8000-${ids.toString(16).padStart(12, "0")}`;
}

function messageOf(author, text) {
  return { id: freshId(), author, text, replyTo: null, mentions: [], sentAt: NOW };
}

/** A message of a viewer with this name. The same name is the same author. */
export function message(name, text) {
  const id = `guest:${name.toLowerCase().replace(/[^a-z0-9]/g, "-")}`;
  return messageOf({ id, name, kind: "viewer" }, text);
}

/** A message of the persona with this slug. */
export function personaMessage(id, text) {
  return messageOf({ id: `persona:${id}`, name: capital(id), kind: "persona" }, text);
}

function capital(id) {
  return id.slice(0, 1).toUpperCase() + id.slice(1);
}

/** A profile with this slug; its display name is the same with a capital. */
export function profile(id, more = {}) {
  return { id, name: capital(id), bio: "", style: "", traits: [], drift: [], relationships: [], ...more };
}

/** Something remembered: a note about nobody, of `NOW`, that fits perfectly. */
export function entry(text, more = {}) {
  return { id: freshId(), kind: "persona-note", text, about: null, confidence: 1, at: NOW, score: 1, ...more };
}

/**
 * A turn of the persona `nova` in an empty room, without an impulse to speak, and with the host's
 * default limits. `more` replaces fields of it.
 */
export function turn(more = {}) {
  const record = {
    callId: freshId(),
    room: { id: "main/lobby", title: "Lobby" },
    now: NOW,
    seed: 1,
    recent: [],
    trends: null,
    impulse: { p: 0, parts: [], speak: false, answer: null },
    fates: [],
    state: null,
    extensions: null,
    ...more,
    profile: { ...profile("nova"), ...more.profile },
    limits: { ...LIMITS, ...more.limits },
  };
  return turnOf(record);
}

/** A turn in which the host wants it to speak. */
export function speaking(more = {}) {
  return turn({ ...more, impulse: { p: 1, parts: [], speak: true, answer: null } });
}

/** A turn in which the host wants it to answer this message. */
export function answering(message, more = {}) {
  const recent = more.recent ?? [];
  return turn({
    ...more,
    recent: recent.some(({ id }) => id === message.id) ? recent : [...recent, message],
    impulse: { p: 1, parts: [], speak: true, answer: message.id },
  });
}

/** A stream on which nothing is said and nothing happens: what happens is added to it. */
export function context() {
  return new Context();
}

class Context {
  constructor() {
    this.at = NOW;
    this.position = 0;
    this.transcript = [];
    this.summary = "";
    this.keywords = [];
    this.events = [];
    this.chatQuestion = null;
    this.extensions = null;
  }

  /** Four seconds of speech; the stream moves on by them. */
  said(text) {
    const start = this.position;
    this.position += 4000;
    this.transcript.push({ start, end: this.position, text });
    return this;
  }

  /** A keyword, less telling than those before it. */
  keyword(term) {
    this.keywords.push({ term, score: 0.8 ** this.keywords.length });
    return this;
  }

  /** An event that happens now. */
  event(id, kind, text) {
    this.events.push({ id, kind, text, at: this.position, confidence: 0.9 });
    return this;
  }

  /** The streamer asks the chat now; the event of kind `chat_question` comes with it. */
  question(id, text) {
    this.chatQuestion = { id, text, at: this.position };
    return this.event(id, "chat_question", text);
  }

  /** Where the stream is, in milliseconds since its start. */
  moveTo(position) {
    this.position = position;
    return this;
  }
}

/** A host that gives the answers a test wrote down, and records what it was asked. */
export class ScriptedHost {
  constructor() {
    /** What one call may ask. */
    this.budgets = { ...BUDGETS };
    /** What the persona asked the language model, over all calls. */
    this.requests = [];
    /** The words it searched its memory for, over all calls. */
    this.searches = [];
    /** What its memory holds, oldest first. */
    this.memories = [];
    /** What it wanted remembered in all calls that returned well. */
    this.remembered = [];
    /** What it logged, as `[level, text]`. */
    this.lines = [];
    this.answers = [];
    this.memoryError = undefined;
    this.begin(NOW);
  }

  /** The language model's next answer. */
  answer(text) {
    this.answers.push({ text });
    return this;
  }

  /** The language model will not answer next time. */
  fail(kind, detail) {
    this.answers.push({ error: new LlmError(kind, detail) });
    return this;
  }

  /** From now on the memory doesn't answer. */
  breakMemory(kind, detail) {
    this.memoryError = new MemoryError(kind, detail);
    return this;
  }

  /** Something that the persona remembers from before. */
  knows(memory) {
    this.memories.push(entry(memory.text, memory));
    return this;
  }

  /** The user message of the latest request to the language model; empty if there was none. */
  get latestPrompt() {
    return this.requests.at(-1)?.messages.findLast(({ role }) => role === "user")?.content ?? "";
  }

  begin(now) {
    this.left = { ...this.budgets };
    this.pending = [];
    this.now = now;
  }

  commit() {
    for (const memory of this.pending) {
      this.remembered.push(memory);
      this.memories.push(entry(memory.text, { ...memory, at: this.now }));
    }
    this.pending = [];
  }

  complete(request) {
    this.requests.push(request);
    if (!(request.temperature >= 0 && request.temperature <= 2)) {
      throw new LlmError("refused", "the temperature is not in 0..=2");
    }
    if (this.left.llmCalls === 0 || this.left.llmTokens === 0) throw new LlmError("over-budget");
    this.left.llmCalls -= 1;
    const answer = this.answers.shift();
    if (!answer) throw new LlmError("unavailable", "the test has scripted no answer");
    if (answer.error) throw answer.error;
    const count = (text) => text.split(/\s+/).filter(Boolean).length;
    const outputTokens = Math.max(1, Math.min(count(answer.text), request.maxTokens, this.left.llmTokens));
    this.left.llmTokens -= outputTokens;
    const inputTokens = request.messages.reduce((sum, { content }) => sum + count(content), 0);
    return { text: answer.text, model: "scripted", inputTokens, outputTokens };
  }

  remaining() {
    return { calls: this.left.llmCalls, tokens: this.left.llmTokens };
  }

  search(text, { kinds = [], limit = 8 } = {}) {
    if (this.left.searches === 0) throw new MemoryError("over-budget");
    this.left.searches -= 1;
    this.searches.push(text);
    if (this.memoryError) throw this.memoryError;
    const wordsOf = (from) => words.all(from).map((word) => word.replace(/'s$/, ""));
    const wanted = new Set(wordsOf(text));
    return this.memories
      .toReversed()
      .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
      .map((memory) => ({ memory, shared: wordsOf(memory.text).filter((word) => wanted.has(word)).length }))
      .filter(({ shared }) => wanted.size === 0 || shared > 0)
      .toSorted((a, b) => b.shared - a.shared)
      .slice(0, limit)
      .map(({ memory }) => memory);
  }

  remember(memory) {
    if (this.left.writes === 0) throw new MemoryError("over-budget");
    const full = call.entryOf(memory);
    const problem = problemOf(full);
    if (problem) throw new MemoryError("refused", problem);
    this.left.writes -= 1;
    this.pending.push(full);
  }

  log(level, text) {
    this.lines.push([level, String(text)]);
  }

  debug(text) {
    this.log("debug", text);
  }

  info(text) {
    this.log("info", text);
  }

  warn(text) {
    this.log("warn", text);
  }

  error(text) {
    this.log("error", text);
  }
}

/** A persona between its calls: its state and its host. */
export class Harness {
  constructor(Persona) {
    this.Persona = Persona;
    this.host = new ScriptedHost();
    this.stored = null;
  }

  /** The state as the persona sees it; its initial one before the first call that stored something. */
  get state() {
    return this.stored ? JSON.parse(state.decode(this.stored.bytes)) : new this.Persona().state;
  }

  /** Something new on the stream. */
  onContext(turn, stream = context()) {
    return this.#call(turn, "onContext", stream);
  }

  /** New messages in the room; they are added to the turn's recent ones. */
  onFirehose(turn, messages) {
    const known = new Set(turn.recent.map(({ id }) => id));
    turn.recent = [...turn.recent, ...messages.filter(({ id }) => !known.has(id))];
    return this.#call(turn, "onFirehose", messages);
  }

  /** A quiet moment. */
  reflect(turn, digest = { since: NOW, linesSaid: 0, highlights: [], memories: [] }) {
    return this.#within(turn, () => {
      const changed = call.reflect(this.Persona, turn, digest, this.host);
      changed.memories.forEach((memory, i) => {
        const problem = problemOf(memory);
        if (problem) throw new Error(`memories[${i}]: ${problem}`);
      });
      const deltas = [
        ...changed.traits.map(({ value }) => value),
        ...changed.relationships.map(({ delta }) => delta),
      ];
      for (const delta of deltas) {
        if (!(delta >= -1 && delta <= 1)) throw new Error(`a delta is ${delta}, not in -1..=1`);
      }
      return changed;
    });
  }

  #call(turn, method, input) {
    return this.#within(turn, () => {
      const outcome = call.speak(this.Persona, method, turn, input, this.host);
      checkLines(outcome, turn.limits);
      checkExtensions(outcome.extensions);
      return outcome;
    });
  }

  /** Keeps what a call left behind, or nothing at all if it throws. */
  #within(turn, run) {
    if (this.stored) turn.state = this.stored;
    // What a test sets, the persona is told.
    turn.limits = { ...turn.limits, ...limitsOf(this.host.budgets) };
    this.host.begin(turn.now);
    const outcome = run();
    if (outcome.state && outcome.state.length > turn.limits.maxStateBytes) {
      throw new Error(`state: ${outcome.state.length} bytes, at most ${turn.limits.maxStateBytes} are kept`);
    }
    if (outcome.state) this.stored = { version: this.Persona.stateVersion, bytes: outcome.state };
    this.host.commit();
    const { state: _, decision, ...rest } = outcome;
    const first = rest.lines?.[0];
    return {
      ...rest,
      stateChanged: outcome.state !== null,
      text: first?.text,
      replyTo: first?.replyTo ?? undefined,
      silentBecause: decision?.tag === "silent" ? decision.val : undefined,
    };
  }
}

/** The host's rules for what is said. */
function checkLines({ lines }, limits) {
  if (lines.length > limits.maxLines) {
    throw new Error(`lines: ${lines.length} of them, at most ${limits.maxLines} are accepted`);
  }
  lines.forEach(({ text, replyTo }, i) => {
    const broken = (why) => new Error(`lines[${i}].${why}`);
    if (text.trim() === "") throw broken("text: empty");
    if (Array.from(text).length > limits.maxLineChars) {
      throw broken(`text: longer than ${limits.maxLineChars} characters`);
    }
    if (/[\n\r\v\f\x85\u2028\u2029]/.test(text)) throw broken("text: more than one line");
    if (replyTo !== null && !isMessageId(replyTo)) throw broken("reply-to: not a message's id");
  });
}

/** The host's rules for what the contract has no field for. */
function checkExtensions(extensions) {
  if (extensions === null || extensions === undefined) return;
  if (state.encode(extensions).length > MAX_EXTENSIONS_BYTES) {
    throw new Error(`extensions: longer than ${MAX_EXTENSIONS_BYTES} bytes`);
  }
  try {
    JSON.parse(extensions);
  } catch (error) {
    throw new Error(`extensions: not JSON: ${error.message}`);
  }
}

/** The host's rules for what may be remembered. */
function problemOf({ text, confidence, about, source }) {
  const chars = Array.from(text).length;
  if (text.trim() === "" || chars > MAX_ENTRY_CHARS) {
    return `a memory has 1 to ${MAX_ENTRY_CHARS} characters, this one ${chars}`;
  }
  if (!(confidence >= 0 && confidence <= 1)) return "the confidence is not in 0..=1";
  if (about !== null && !/^[a-z0-9_:-]{1,95}$/.test(about)) return "`about` is not an author's id";
  if (source !== null && !isMessageId(source)) return "`source` is not a message's id";
  return undefined;
}

function isMessageId(id) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
}

