/** Why the host did not answer. A persona goes on without; what it does not catch ends its call in silence. */
class Unanswered extends Error {
  /**
   * @param {string} kind
   * @param {string} reason a few words, fit for `silent`
   * @param {string} [detail] in words, for the log
   */
  constructor(kind, reason, detail) {
    super(detail ? `${reason}: ${detail}` : reason);
    this.kind = kind;
    this.reason = reason;
    this.detail = detail;
  }
}

const LLM = {
  busy: "the language model is busy",
  "over-budget": "no language model budget is left",
  timeout: "the language model did not answer in time",
  unavailable: "the language model is unavailable",
  refused: "the language model refused the request",
};

const MEMORY = {
  "over-budget": "no memory budget is left",
  refused: "the memory refused the entry",
  unavailable: "the memory is unavailable",
};

/** The language model gave no answer. */
export class LlmError extends Unanswered {
  constructor(kind, detail) {
    super(kind, LLM[kind] ?? LLM.unavailable, detail);
    this.name = "LlmError";
  }
}

/** The memory gave no answer. */
export class MemoryError extends Unanswered {
  constructor(kind, detail) {
    super(kind, MEMORY[kind] ?? MEMORY.unavailable, detail);
    this.name = "MemoryError";
  }
}

/** Whether the host said no, which is no fault of the persona's. */
export function isUnanswered(error) {
  return error instanceof Unanswered;
}
