/**
 * Write a persona for chatter in JavaScript.
 *
 * A persona is a class that extends `Persona` and is the default export of its module. Nothing here
 * needs WebAssembly: the same code runs under `node --test`, with the test kit in the host's place.
 */
export { Chorus } from "./chorus.js";
export { LlmError, MemoryError } from "./errors.js";
export { keepLatest } from "./latest.js";
export * as emote from "./emote.js";
export * as line from "./line.js";
export { Persona } from "./persona.js";
export { Prompt, name, quote } from "./prompt.js";
export { Reply, say, silent } from "./reply.js";
export { Rng } from "./rng.js";
export { Style, wordCount } from "./style.js";
export { Profile, Turn, isHuman } from "./turn.js";
export * as words from "./words.js";
