/**
 * What a persona says, or why it says nothing. The host takes lines that are one line each, not
 * empty and no longer than `turn.limits.maxLineChars`; `line.tidy` makes such a line of any text.
 */
export class Reply {
  constructor(lines, because) {
    /** @type {{text: string, replyTo: string | null}[]} */
    this.lines = lines;
    /** @type {string | undefined} */
    this.silentBecause = because;
    /** @type {string | null} */
    this.extensions = null;
  }

  /** The latest line answers the message with this id. Nothing happens to a reply without lines. */
  replyTo(messageId) {
    const last = this.lines.at(-1);
    if (last) last.replyTo = messageId;
    return this;
  }

  /** Says one more line. */
  andSay(text) {
    this.lines.push(said(text));
    this.silentBecause = undefined;
    return this;
  }

  /** Hands the host a value, as JSON, that the contract has no field for yet. */
  withExtensions(value) {
    const text = JSON.stringify(value);
    if (text === undefined) {
      throw new TypeError(`withExtensions: ${typeof value} has no form in JSON`);
    }
    this.extensions = text;
    return this;
  }
}

function said(text) {
  if (typeof text !== "string") throw new TypeError(`say: the line is ${typeof text}, not a string`);
  return { text, replyTo: null };
}

/** Says this line. */
export function say(text) {
  return new Reply([said(text)], undefined);
}

/** Says nothing, for this reason: a few words, for whoever asks why. */
export function silent(reason) {
  return new Reply([], String(reason));
}
