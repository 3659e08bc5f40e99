/** Types of `@chatter/persona`. The records are those of the contract, `wit/persona.wit`, which documents each field. */

export type AuthorKind = "viewer" | "persona" | "moderator" | "system";

export interface Author {
  /** Stable: remember people by it. */
  id: string;
  /** What viewers read. Not unique, and may change. */
  name: string;
  kind: AuthorKind;
}

export interface ChatMessage {
  id: string;
  author: Author;
  text: string;
  replyTo: string | null;
  /** The ids of the authors that it names. */
  mentions: string[];
  /** Milliseconds since the Unix epoch. */
  sentAt: number;
}

export interface TraitValue {
  name: string;
  value: number;
}

export interface Relationship {
  authorId: string;
  name: string;
  /** From -1 to 1. */
  warmth: number;
  note: string;
}

/** Who the persona is in this room. */
export declare class Profile {
  id: string;
  name: string;
  bio: string;
  style: string;
  traits: TraitValue[];
  drift: TraitValue[];
  relationships: Relationship[];
  /** Whether this author id is the persona's own. */
  is(authorId: string): boolean;
  /** A trait with its drift, 0 to 1; `otherwise` (0) if it is not configured. */
  trait(name: string, otherwise?: number): number;
  /** How it stands to this author, if it knows them. */
  relationship(authorId: string): Relationship | undefined;
}

export interface Count {
  term: string;
  count: number;
}

export interface Trends {
  windowSeconds: number;
  messagesPerMinute: number;
  uniqueAuthors: number;
  botFraction: number;
  topTokens: Count[];
  topEmotes: Count[];
}

export interface Impulse {
  /** The probability, 0 to 1. */
  p: number;
  parts: { name: string; value: number }[];
  /** Whether the host wants the persona to speak now. */
  speak: boolean;
  /** The id of the message that waits for an answer. */
  answer: string | null;
}

export interface LineFate {
  messageId: string;
  text: string;
  fate: { tag: "pending" } | { tag: "accepted" } | { tag: "dropped"; val: string };
}

/** What this call has. */
export interface Limits {
  maxLines: number;
  maxLineChars: number;
  maxStateBytes: number;
  llmCalls: number;
  llmTokens: number;
  memorySearches: number;
  memoryWrites: number;
  /** Milliseconds of computing, without waiting for the answers of imports. */
  cpuMs: number;
}

/** What a persona knows in every call. */
export declare class Turn {
  callId: string;
  room: { id: string; title: string };
  profile: Profile;
  /** Milliseconds since the Unix epoch; `Date` shows the same. */
  now: number;
  /** `Math.random` comes from it too. */
  seed: number;
  /** The latest messages, oldest first. */
  recent: ChatMessage[];
  trends: Trends | null;
  impulse: Impulse;
  /** What became of the latest lines, oldest first. */
  fates: LineFate[];
  limits: Limits;
  extensions: string | null;
  /** Randomness for this call: the same turn gives the same numbers. */
  rng(): Rng;
  /** The latest message of this id, if it is still among the recent ones. */
  message(id: string): ChatMessage | undefined;
  /** The message that waits for an answer, if one does and is at hand. */
  waiting(): ChatMessage | undefined;
  /** Whether the persona wrote this itself. */
  isMine(message: ChatMessage): boolean;
  /** Whether the message speaks to the persona: by the room's own mark, or by its name as a word. */
  isNamedIn(message: ChatMessage): boolean;
}

/** Whether a person wrote it. */
export declare function isHuman(message: ChatMessage): boolean;

export interface StreamEvent {
  /** The same in each context that holds it: react once. */
  id: string;
  /** `chat_question question hype laughter fail silence topic_change stream_start stream_end`; expect others. */
  kind: string;
  text: string;
  /** Milliseconds on the stream's clock. */
  at: number;
  confidence: number;
}

export interface ChatQuestion {
  id: string;
  text: string;
  at: number;
}

/** The latest minute of the stream. */
export interface StreamContext {
  at: number;
  /** Milliseconds since the stream's start. */
  position: number;
  transcript: { start: number; end: number; text: string }[];
  summary: string;
  keywords: { term: string; score: number }[];
  events: StreamEvent[];
  chatQuestion: ChatQuestion | null;
  extensions: string | null;
}

export interface Digest {
  since: number;
  linesSaid: number;
  highlights: ChatMessage[];
  memories: MemoryEntry[];
}

export interface Reflection {
  /** By how much traits should move, each -1 to 1. */
  traits?: Record<string, number>;
  /** By how much relationships should move, by author id. */
  relationships?: Record<string, number>;
  memories?: NewMemory[];
}

export type MemoryKind = "relationship" | "running-joke" | "preference" | "persona-note" | "drift";

export interface NewMemory {
  kind: MemoryKind;
  /** At most 1000 characters. */
  text: string;
  /** The id of the author it is about. */
  about?: string | null;
  /** How sure, 0 to 1; 0.8 if it is left out. */
  confidence?: number;
  /** The id of the message it came from. */
  source?: string | null;
}

export interface MemoryEntry {
  id: string;
  kind: MemoryKind;
  text: string;
  about: string | null;
  confidence: number;
  at: number;
  score: number;
}

export interface Request {
  messages: { role: "system" | "user" | "assistant"; content: string }[];
  maxTokens: number;
  /** 0 (the likeliest words) to 2 (wild). */
  temperature: number;
  /** The JSON Schema that the answer must obey, as JSON text. */
  jsonSchema?: string | null;
}

export interface Completion {
  text: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
}

export type Level = "debug" | "info" | "warn" | "error";

/** What a persona may ask of its host during a call. Each call has a budget. */
export interface Host {
  /** Asks the language model. Throws an `LlmError`; uncaught it ends the call in silence, with its reason. */
  complete(request: Request): Completion;
  /** What this call may still ask of the language model. */
  remaining(): { calls: number; tokens: number };
  /** Finds what fits the words, best first; without words, the latest. Throws a `MemoryError`. */
  search(words: string, options?: { kinds?: MemoryKind[]; limit?: number }): MemoryEntry[];
  /** Asks for something to be remembered; written when the call has returned well. Throws a `MemoryError`. */
  remember(entry: NewMemory): void;
  /** Writes to the persona's log, which its author and the operator read, never viewers. */
  log(level: Level, text: string): void;
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** The language model gave no answer. */
export declare class LlmError extends Error {
  constructor(kind: LlmError["kind"], detail?: string);
  kind: "busy" | "over-budget" | "timeout" | "unavailable" | "refused";
  /** A few words, fit for `silent`. */
  reason: string;
  detail?: string;
}

/** The memory gave no answer. */
export declare class MemoryError extends Error {
  constructor(kind: MemoryError["kind"], detail?: string);
  kind: "over-budget" | "refused" | "unavailable";
  reason: string;
  detail?: string;
}

/** What a persona says, or why it says nothing. */
export declare class Reply {
  readonly lines: { text: string; replyTo: string | null }[];
  readonly silentBecause: string | undefined;
  /** The latest line answers the message with this id. */
  replyTo(messageId: string): this;
  /** Says one more line. */
  andSay(text: string): this;
  /** Hands the host a value, as JSON, that the contract has no field for yet. */
  withExtensions(value: unknown): this;
}

/** Says this line. */
export declare function say(text: string): Reply;
/** Says nothing, for this reason: a few words, for whoever asks why. */
export declare function silent(reason: string): Reply;

/** A persona: its state, which must be JSON, and what it does. */
export declare class Persona<State = unknown> {
  /** Raise it when the stored state means something else than before, and write `migrate`. */
  static stateVersion: number;
  /** Name and version are the package's if they are left out. */
  static about: { name?: string; version?: string; traits?: string[] };
  /** What is kept from call to call. */
  state: State;
  onContext(turn: Turn, context: StreamContext, host: Host): Reply;
  onFirehose(turn: Turn, messages: ChatMessage[], host: Host): Reply;
  reflect(turn: Turn, digest: Digest, host: Host): Reflection;
  /** State of another version becomes this one's; `stored` is undefined if it was no JSON. */
  migrate(version: number, stored: unknown, host: Host): State;
}

/** A prompt in the making: strangers' words can't pass for instructions in it. */
export declare class Prompt {
  constructor(profile: Profile);
  instruct(instructions: string): this;
  stream(context: StreamContext): this;
  speech(lines: string[]): this;
  keywords(terms: string[]): this;
  events(events: StreamEvent[]): this;
  question(question: ChatQuestion): this;
  chat(me: Profile, messages: ChatMessage[]): this;
  memories(entries: MemoryEntry[]): this;
  earlierLines(lines: string[]): this;
  answer(message: ChatMessage): this;
  section(title: string, items: string[]): this;
  task(task: string): this;
  request(maxTokens: number, temperature: number): Request;
}

/** Makes a stranger's text safe to stand in a prompt. */
export declare function quote(text: string): string;
/** Makes a stranger's name safe to stand in front of a colon. */
export declare function name(text: string): string;

export declare namespace line {
  /** The chat line in a completion; undefined if nothing is left. */
  function fromCompletion(text: string, names: string[], maxChars: number): string | undefined;
  /** One line of any text, cut between words. */
  function tidy(text: string, maxChars: number): string | undefined;
}

/** Adds a text to a list of the latest `most`; whether it is new. */
export declare function keepLatest(list: string[], text: string, most: number): boolean;

export declare class Rng {
  constructor(seed: number, stream?: number);
  next(): number;
  unit(): number;
  below(bound: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T | undefined;
}

export type Mood = "joy" | "shock" | "fun" | "puzzled" | "calm" | "warm";

export interface Emote {
  code: string;
  means: string;
  moods: Mood[];
}

export declare namespace emote {
  const ALL: readonly Emote[];
  function moodOfEvent(kind: string): Mood;
  function written(emote: Emote): string;
  function find(code: string): Emote | undefined;
  function inText(text: string): Emote[];
  function known(text: string): string;
  function stripped(text: string): string;
  function mapWords(text: string, change: (words: string) => string): string;
  function only(text: string, most: number): string | undefined;
  function isOnly(text: string): boolean;
}

/** How a character writes, read from the words of its `style`. */
export declare class Style {
  static of(profile: Profile): Style;
  constructor(style: string);
  words: [least: number, most: number];
  emotes: "never" | "rarely" | "sometimes" | "often" | "always" | "only";
  ownEmotes: Emote[];
  lowercase: boolean;
  shouts: boolean;
  bare: boolean;
  stretches: boolean;
  readonly emoteShare: number;
  emote(mood: Mood, rng: Rng): Emote | undefined;
  /** A line of the module's own in this character's hand. */
  write(text: string, mood: Mood, rng: Rng): string | undefined;
  /** A line of another as this character would repeat it. */
  repeat(text: string, excited: boolean, rng: Rng): string | undefined;
}

/** What a chorus keeps in the persona's state. */
export interface Joined {
  moment?: { what: string; at: number } | null;
  joined?: { what: string; at: number }[];
}

/** Joining in with what others say, over a part of the persona's state that is `{}` at first. */
export declare class Chorus {
  constructor(kept: Joined);
  /** Takes in what happened on the stream. */
  watch(turn: Turn, context: StreamContext): void;
  /** What to repeat now instead of a line of one's own; `topic` is what the stream is about. */
  join(turn: Turn, style: Style, topic?: string[]): string | undefined;
}

export declare function wordCount(line: string): number;

export declare namespace words {
  function all(text: string): string[];
  /** One text, with a space before and after each word. */
  const STOP_WORDS: string;
  /** Whether a word, in lower case, says little about what a text is about. */
  function isStopWord(word: string): boolean;
  /** The words that tell what a text is about, in order and without repeats. */
  function telling(text: string): string[];
  function hasPhrase(text: string, phrase: string): boolean;
  function fingerprint(text: string): string;
}
