import { describe, expect, it } from "vitest";
import { Absence } from "./absence.svelte";

/** `leave` at offset 7, `back`, a `message`, one to `you`; and `renew`. */
type Step = "leave" | "back" | "message" | "you" | "renew";

describe("what came while nobody looked", () => {
  it.each<[string, Step[], string, number | null]>([
    ["is nothing while somebody looks", ["message", "you"], "Lobby", null],
    ["is a dot", ["leave", "message", "message"], "• Lobby", 7],
    ["is counted if it is for one", ["leave", "message", "you", "you"], "(2) Lobby", 7],
    ["is marked when one is back", ["leave", "message", "back"], "Lobby", 7],
    ["has no mark if it is nothing", ["leave", "back", "message"], "Lobby", null],
    ["keeps its mark while more comes", ["leave", "message", "back", "message", "you"], "Lobby", 7],
    ["loses its mark the next time", ["leave", "message", "back", "leave", "back"], "Lobby", null],
    ["loses its mark where offsets count anew", ["leave", "message", "renew", "back"], "Lobby", null],
    ["is not forgotten when one goes twice", ["leave", "you", "leave"], "(1) Lobby", 7],
  ])("%s", (_, steps, title, mark) => {
    const absence = new Absence();
    for (const step of steps) {
      if (step === "leave") absence.leave(7);
      else if (step === "message" || step === "you") absence.heard(step === "you");
      else absence[step]();
    }
    expect([absence.title("Lobby"), absence.mark]).toEqual([title, mark]);
  });
});
