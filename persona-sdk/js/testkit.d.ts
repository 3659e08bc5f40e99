import type {
  ChatMessage,
  Digest,
  Host,
  LlmError,
  MemoryEntry,
  MemoryError,
  NewMemory,
  Persona,
  Profile,
  Request,
  StreamContext,
  Turn,
} from "./index.js";

/** The time in turns and messages that name none. */
export declare const NOW: number;
/** A message of a viewer with this name. The same name is the same author. */
export declare function message(name: string, text: string): ChatMessage;
/** A message of the persona with this slug. */
export declare function personaMessage(id: string, text: string): ChatMessage;
export declare function profile(id: string, more?: Partial<Profile>): Profile;
export declare function entry(text: string, more?: Partial<MemoryEntry>): MemoryEntry;

type Part<T> = { [K in keyof T]?: T[K] extends object ? Partial<T[K]> : T[K] };
/** A turn of the persona `nova` without an impulse to speak; `more` replaces fields of it. */
export declare function turn(more?: Part<Turn>): Turn;
/** A turn in which the host wants it to speak. */
export declare function speaking(more?: Part<Turn>): Turn;
/** A turn in which the host wants it to answer this message. */
export declare function answering(message: ChatMessage, more?: Part<Turn>): Turn;

export interface Scene extends StreamContext {
  /** Four seconds of speech; the stream moves on by them. */
  said(text: string): this;
  keyword(term: string): this;
  /** An event that happens now. */
  event(id: string, kind: string, text: string): this;
  /** The streamer asks the chat now. */
  question(id: string, text: string): this;
  /** Where the stream is, in milliseconds since its start. */
  moveTo(position: number): this;
}
/** A stream on which nothing is said and nothing happens. */
export declare function context(): Scene;

/** A host that gives the answers a test wrote down, and records what it was asked. */
export declare class ScriptedHost implements Host {
  budgets: { llmCalls: number; llmTokens: number; searches: number; writes: number };
  requests: Request[];
  searches: string[];
  memories: MemoryEntry[];
  remembered: Required<NewMemory>[];
  lines: [level: string, text: string][];
  readonly latestPrompt: string;
  answer(text: string): this;
  fail(kind: LlmError["kind"], detail?: string): this;
  breakMemory(kind: MemoryError["kind"], detail?: string): this;
  knows(memory: NewMemory): this;
  complete: Host["complete"];
  remaining: Host["remaining"];
  search: Host["search"];
  remember: Host["remember"];
  log: Host["log"];
  debug: Host["debug"];
  info: Host["info"];
  warn: Host["warn"];
  error: Host["error"];
}

export interface Called {
  lines: { text: string; replyTo: string | null }[];
  text: string | undefined;
  replyTo: string | undefined;
  silentBecause: string | undefined;
  stateChanged: boolean;
  extensions: string | null;
}

export interface Reflected {
  stateChanged: boolean;
  traits: { name: string; value: number }[];
  relationships: { authorId: string; delta: number }[];
  memories: Required<NewMemory>[];
}

/** A persona between its calls; a call that fails throws, and nothing of it is kept. */
export declare class Harness<State = any> {
  constructor(persona: new () => Persona<State>);
  host: ScriptedHost;
  readonly state: State;
  onContext(turn: Turn, context?: StreamContext): Called;
  onFirehose(turn: Turn, messages: ChatMessage[]): Called;
  reflect(turn: Turn, digest?: Digest): Reflected;
}
