/** Which browser, and how it is started: one that the machine has, which asks nobody for anything. */

import type { LaunchOptions } from "@playwright/test";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const MISSING = `no Chromium on PATH (looked for ${NAMES.join(", ")}): install it, on Debian by
    apt-get install -y --no-install-recommends chromium fonts-noto-color-emoji
or name one in the variable CHROMIUM`;

/** The path of the browser; throws if there is none. */
export function chromium(): string {
  const named = process.env["CHROMIUM"];
  if (named) {
    if (!isProgram(named)) throw new Error(`CHROMIUM=${named} is no program`);
    return named;
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
  if (!found) throw new Error(MISSING);
  return found;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function launchOptions(): LaunchOptions {
  return {
    executablePath: chromium(),
    // Chromium's own sandbox refuses to work for root. Everyone else keeps it.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      // What is not on this machine is nowhere.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  };
}
