/** The folders of one test: configuration and data, made for it and removed after it. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "./host";

export const ROOM = "main/lobby";

/**
 * Who is in the room: nobody but people, three of the shipped characters who speak at every occasion, or all
 * that ships as it ships.
 */
export type Crowd = "none" | "lively" | "shipped";

/** Those of the lively room, by their ids and the names that they are shown under. */
export const LIVELY = { nova: "Nova", moss: "Moss", juno: "Juno" } as const;

const LIVELY_TUNING = `
base_lines_per_minute = 20
event_boost = 1
mention_boost = 1
question_boost = 1
reply_boost = 1
cooldown_s = 0
think_time_s = 0
human_first = 1
bot_share = 1
persona_lines_per_minute = 60
room_lines_per_minute = 120
`;

export class Home {
  readonly #folder = mkdtempSync(join(tmpdir(), "chatter-e2e-"));

  constructor(readonly crowd: Crowd) {
    cpSync(join(ROOT, "configs"), this.path("configs"), { recursive: true });
    if (crowd === "shipped") return;
    const room = [`id = "${ROOM}"`, `title = "The lobby"`];
    if (crowd === "lively") {
      room.push(`[source]`, `uri = "../streams/synth-rescue.vtt"`, `loop = true`);
      for (const id of Object.keys(LIVELY)) room.push(`[[roster]]`, `persona = "${id}"`);
      room.push(`[tuning]`, LIVELY_TUNING);
    }
    this.write("configs/rooms/lobby.toml", room.join("\n"));
    // Another room with nobody in it: what happens there must not show here.
    this.write("configs/rooms/studio.toml", `id = "main/studio"\ntitle = "The studio"\n`);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), content);
  }

  /** Loses everything that outlives a run, but the operator's token and what modules were compiled to. */
  loseLog(): void {
    for (const end of ["", "-wal", "-shm"]) rmSync(this.path(`data/chatter.db${end}`), { force: true });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
