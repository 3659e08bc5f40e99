import { describe, expect, it } from "vitest";
import { Absence, KNOWN } from "./absence.svelte";

/**
 * `leave` at offset 7, `back`, a `message`, one to `you`, one that was `missed` while the connection was lost; `remove` takes
 * back the newest; `complete`, `renew`.
 */
type Step = "leave" | "back" | "message" | "you" | "missed" | "remove" | "complete" | "renew";

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
    ["is marked if it comes after one is back", ["leave", "back", "missed"], "Lobby", 7],
    ["has no mark if it was missed after one is back", ["leave", "back", "message", "missed"], "Lobby", null],
    ["has no mark if nothing was missed until one is back", ["leave", "back", "complete", "missed"], "Lobby", null],
    ["is counted if it was missed while one is away, too", ["leave", "complete", "missed"], "• Lobby", 7],
    ["has no mark where offsets count anew", ["leave", "back", "renew", "missed"], "Lobby", null],
    ["is not counted if it was taken back", ["leave", "message", "you", "remove"], "• Lobby", 7],
    ["has no mark if all of it was taken back", ["leave", "you", "remove", "back"], "Lobby", null],
    ["is not taken back twice", ["leave", "you", "you", "remove", "remove", "you"], "(1) Lobby", 7],
    ["is not forgotten when one goes twice", ["leave", "you", "leave"], "(1) Lobby", 7],
  ])("%s", (_, steps, title, mark) => {
    const absence = new Absence();
    const there: string[] = [];
    for (const [at, step] of steps.entries()) {
      if (step === "leave") absence.leave(7);
      else if (step === "message" || step === "you" || step === "missed") {
        there.push(`id-${at}`);
        absence.heard(`id-${at}`, step === "you", step === "missed");
      } else if (step === "remove") {
        there.pop();
        absence.keep((id) => there.includes(id));
      } else absence[step]();
    }
    expect([absence.title("Lobby"), absence.mark]).toEqual([title, mark]);
  });

  it("stays counted if it was long ago: the page no longer knows it", () => {
    const absence = new Absence();
    absence.leave(7);
    for (let n = 0; n <= KNOWN; n++) absence.heard(`id-${n}`, true, false);
    absence.keep(() => false);
    expect(absence.title("Lobby")).toBe("(1) Lobby");
  });
});
