/** The real program, as a user starts it: a process of its own, at any free port. */

import { spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Home } from "./home";

/** The repository. */
export const ROOT = resolve(import.meta.dirname, "../../..");

/** Where cargo, and with it these tests, puts what is made. */
export const TARGET = resolve(ROOT, process.env["CARGO_TARGET_DIR"] ?? "target");

const PROGRAM = join(TARGET, "debug/chatter");
const PLUGINS = join(ROOT, "plugins");
/** Those that the characters in these tests run on. */
const MODULES = ["regular", "hype", "helper"];
const PAGE = join(ROOT, "ui/dist");
/** What `cargo xtask` compiled ahead, so that no start waits for Python. */
const COMPILED = join(TARGET, "compiled");

/** The longest that starting or ending may take, in milliseconds. */
const DEADLINE = 60_000;

/** However these tests end, the programs end with them. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Host {
  /** `http://127.0.0.1:PORT`, the same after a restart. */
  url = "";
  #listen = "127.0.0.1:0";
  #process: ChildProcess | null = null;
  #output = "";

  constructor(readonly home: Home) {}

  static async start(home: Home): Promise<Host> {
    const host = new Host(home);
    await host.start();
    return host;
  }

  /** Starts it, again at the same port if it ran before, and waits until it listens. */
  async start(): Promise<void> {
    for (const built of [PROGRAM, PLUGINS, join(PAGE, "index.html")]) {
      if (!existsSync(built)) throw new Error(`${built} is missing: \`cargo xtask ui e2e\` builds what these tests need`);
    }
    // Nothing of the tester's environment that the program would heed.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CHATTER_")));
    // What starts fast: the other modules are not what these tests are about.
    const plugins = this.home.path("plugins");
    if (!existsSync(plugins)) {
      mkdirSync(plugins);
      if (this.home.crowd !== "none") {
        for (const name of MODULES) copyFileSync(join(PLUGINS, `${name}.wasm`), join(plugins, `${name}.wasm`));
      }
    }
    const options = { config: this.home.path("configs"), data: this.home.path("data"), plugins, compiled: COMPILED, ui: PAGE };
    const words = Object.entries({ ...options, listen: this.#listen, seed: "7" });
    const child = spawn(PROGRAM, ["serve", ...words.flatMap(([name, value]) => [`--${name}`, value])], {
      cwd: this.home.path(""),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    running.add(child);
    child.once("close", () => running.delete(child));
    child.stderr.on("data", (data) => (this.#output += String(data)));
    this.url = await within(() => `chatter does not listen:\n${this.#output}`, (done, fail) => {
      child.once("error", fail);
      child.once("close", () => fail(new Error(`chatter ended before it listened:\n${this.#output}`)));
      createInterface(child.stdout).on("line", (line) => {
        this.#output += `${line}\n`;
        const [, url] = /^listening on (http:\S+)$/.exec(line) ?? [];
        if (url) done(url);
      });
    });
    this.#listen = new URL(this.url).host;
  }

  /** Ends it as an operator does. Throws if it has to be killed. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    try {
      await within(() => `chatter goes on after ${signal}:\n${this.#output}`, (done) => {
        child.once("close", done);
        child.kill(signal);
      });
    } finally {
      child.kill("SIGKILL");
    }
  }

  /** What it printed so far, in all its runs. */
  get output(): string {
    return this.#output;
  }

  /** The operator's token, which the program made at its first start. */
  get token(): string {
    return readFileSync(this.home.path("data/operator-token"), "utf8").trim();
  }
}

/** A promise that fails after the deadline. */
async function within<T>(
  late: () => string,
  work: (done: (value: T) => void, fail: (error: Error) => void) => void,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((done, fail) => {
      timer = setTimeout(() => fail(new Error(late())), DEADLINE);
      work(done, fail);
    });
  } finally {
    clearTimeout(timer);
  }
}
