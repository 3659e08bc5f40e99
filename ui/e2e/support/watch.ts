/** What no page may ever do: reach for another host, break the policy, complain on the console, open a dialog. */

import type { BrowserContext } from "@playwright/test";

export class Watch {
  readonly #seen: string[] = [];
  readonly #expected: RegExp[] = [];

  constructor(private readonly origin: string) {}

  /** Watches every page of a browser's session, from its first request on. */
  add(context: BrowserContext): void {
    context.on("request", (request) => this.#reach(request.url()));
    context.on("page", (page) => page.on("websocket", (socket) => this.#reach(socket.url().replace(/^ws/, "http"))));
    context.on("weberror", (error) => this.#seen.push(`an uncaught error: ${error.error().stack}`));
    context.on("dialog", (dialog) => {
      this.#seen.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    // Violations of the Content-Security-Policy are errors on the console, too.
    context.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      this.#seen.push(`on the console: ${message.text()} (${message.location().url})`);
    });
  }

  /** The test provokes this, so it is no fault. */
  expect(what: RegExp): void {
    this.#expected.push(what);
  }

  /** The program is not there for a while, and the browser says so. */
  expectOutage(): void {
    this.expect(/net::ERR_(CONNECTION|EMPTY_RESPONSE|SOCKET)|WebSocket connection to/);
  }

  /** All that was seen, expected or not. */
  get seen(): readonly string[] {
    return this.#seen;
  }

  get faults(): readonly string[] {
    return this.#seen.filter((seen) => !this.#expected.some((expected) => expected.test(seen)));
  }

  #reach(address: string): void {
    const { protocol, origin } = new URL(address);
    if (protocol === "data:" || protocol === "blob:") return;
    if (origin !== this.origin) this.#seen.push(`a request to ${address}`);
  }
}
