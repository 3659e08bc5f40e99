/** A persona for tests: does what its style says. */
import { LlmError, MemoryError, Persona, say, silent } from "@chatter/persona";
import { deeper } from "./deeper.js";

let instance = 0;

export default class Rascal extends Persona {
  static stateVersion = 3;

  static about = { traits: ["mischief"] };

  state = { calls: 0 };

  onContext(turn, context, host) {
    this.state.calls += 1;
    instance += 1;
    switch (turn.profile.style) {
      case "dice":
        return say(
          `${Math.random()} ${turn.rng().unit()} ${Date.now() - turn.now} ${new Date().getUTCFullYear()}`,
        );
      case "throw":
        return deeper(turn);
      case "words":
        throw "just words";
      case "nothing":
        return undefined;
      case "print":
        console.log("printed", { a: 1 });
        console.warn("warned");
        return silent("printed");
      case "ask": {
        const errors = [];
        for (const ask of [
          () => host.complete({ messages: [], maxTokens: 1, temperature: 9 }),
          () => host.remember({ kind: "drift", text: "" }),
          () => host.remember({ kind: "drift", text: "noted", about: "guest:ana", source: turn.recent[0].id }),
          () => host.search("noted", { limit: 1 }),
        ]) {
          try {
            errors.push(JSON.stringify(ask() ?? "done"));
          } catch (error) {
            const kind = error instanceof LlmError ? "llm" : error instanceof MemoryError ? "memory" : "?";
            errors.push(`${kind} ${error.kind}`);
          }
        }
        const { text } = host.complete({ messages: [{ role: "user", content: "?" }], maxTokens: 5, temperature: 1 });
        const { calls } = host.remaining();
        return say(`${errors.join(", ")}, ${text}, ${calls} left`);
      }
      case "uncaught":
        return say(host.complete({ messages: [], maxTokens: 1, temperature: 9 }).text);
      case "see":
        return say(
          [
            turn.profile.name,
            turn.profile.trait("excitability"),
            turn.recent.length,
            turn.recent[0].author.kind,
            context.events[0].kind,
            context.chatQuestion,
            turn.limits.cpuMs,
            turn.state === null,
          ].join(" "),
        );
      default:
        return say(`call ${this.state.calls} of my life, ${instance} of this instance`);
    }
  }
}
