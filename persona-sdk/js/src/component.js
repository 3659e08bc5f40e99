/** What the build exports for a persona: the contract's `guest`, over the author's class. */
import * as call from "./call.js";
import { Host } from "./host.js";
import { explain } from "./explain.js";

/**
 * @param {typeof import("./persona.js").Persona} Persona
 * @param {{llm: object, memory: object, log: object}} imports
 * @param {{name: string, version: string, project: string, sdk: string}} build
 */
export function component(Persona, imports, build) {
  if (typeof Persona !== "function") {
    throw new TypeError("the module's default export is no class; `export default class ... extends Persona`");
  }
  const host = new Host(imports);
  console_(host);
  const guarded =
    (run) =>
    (...input) => {
      try {
        return run(...input);
      } catch (error) {
        const { words, stack } = explain(error, build);
        if (stack) host.error(`${words}\n${stack}`);
        // A text that is thrown is the `err` of the call's result.
        throw words;
      }
    };
  return {
    describe: () => call.describe(Persona, build),
    onContext: guarded((turn, context) => call.speak(Persona, "onContext", turn, context, host)),
    onFirehose: guarded((turn, news) => call.speak(Persona, "onFirehose", turn, news, host)),
    reflect: guarded((turn, digest) => call.reflect(Persona, turn, digest, host)),
  };
}

/** QuickJS has no console: what is printed goes to the persona's log. */
function console_(host) {
  const print = (level) => (...values) =>
    host.log(level, values.map((value) => (typeof value === "string" ? value : shown(value))).join(" "));
  globalThis.console = {
    debug: print("debug"),
    log: print("info"),
    info: print("info"),
    warn: print("warn"),
    error: print("error"),
  };
}

function shown(value) {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}
