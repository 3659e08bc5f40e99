import { silent } from "./reply.js";

/**
 * A persona: its state and what it does. Each call gets a fresh instance; `state` is what the call
 * before left behind, and must be made of JSON: objects, arrays, strings, numbers, booleans, null. The host makes the calls
 * whose methods are written; without `onFirehose` nobody's message is put to the persona to be answered.
 */
export class Persona {
  /**
   * Raise it when the stored state means something else than before, and say in `migrate` what
   * becomes of the old one. A new field of `state`, at its top level, needs neither: it has its initial
   * value; one that is no longer there is dropped.
   */
  static stateVersion = 1;

  /** The module's name, version and the traits that it reads; the build fills in the package's. */
  static about = {};

  /** What is kept from call to call. */
  state = {};

  /** Something new on the stream; every two seconds at most. */
  onContext(_turn, _context, _host) {
    return silent("does not watch the stream");
  }

  /** New messages in the room; none at all if the host only asks again for an answer. */
  onFirehose(_turn, _messages, _host) {
    return silent("does not read the chat");
  }

  /** A quiet moment to think about what happened. The default changes nothing. */
  reflect(_turn, _digest, _host) {
    return {};
  }

  /** State of another version becomes this one's. The default starts anew and says so in the log. */
  migrate(version, _stored, host) {
    host.warn(
      `left state version ${version} behind and started anew with version ${this.constructor.stateVersion}`,
    );
    return this.state;
  }
}
