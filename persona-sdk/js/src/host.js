import { entryOf } from "./call.js";
import { LlmError, MemoryError } from "./errors.js";

/** What a persona may ask of its host during a call, over the component's imports. */
export class Host {
  #imports;

  constructor(imports) {
    this.#imports = imports;
  }

  /** Asks the language model; throws an `LlmError`. */
  complete({ messages, maxTokens, temperature, jsonSchema }) {
    return answered(LlmError, () =>
      this.#imports.llm.complete(messages, maxTokens, temperature, jsonSchema ?? null),
    );
  }

  /** What this call may still ask of the language model. */
  remaining() {
    return this.#imports.llm.remaining();
  }

  /** Finds what fits the words, best first; without words, the latest. Throws a `MemoryError`. */
  search(words, { kinds = [], limit = 8 } = {}) {
    return answered(MemoryError, () => this.#imports.memory.search(words, kinds, limit));
  }

  /** Asks for something to be remembered; written when the call has returned well. Throws a `MemoryError`. */
  remember(entry) {
    answered(MemoryError, () => this.#imports.memory.remember(entryOf(entry)));
  }

  /** Writes to the persona's log: `debug`, `info`, `warn` or `error`. */
  log(level, text) {
    this.#imports.log.write(level, String(text));
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

/** The contract's errors are variants `{tag, val}`, thrown as such or as the payload of an error. */
function answered(Unanswered, ask) {
  try {
    return ask();
  } catch (error) {
    const variant = error?.payload ?? error;
    if (typeof variant?.tag !== "string") throw error;
    throw new Unanswered(variant.tag, variant.val);
  }
}
