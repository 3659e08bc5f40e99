/** What every test has: a host of its own, its room, and a page that is watched from its first request to its last. */

import { test as base, expect, type BrowserContext } from "@playwright/test";
import { Home, type Crowd } from "./home";
import { Host } from "./host";
import { RoomApi } from "./room";
import { RoomPage } from "./room-page";

/** What a page must never do, as it was seen. */
export class Watch {
  readonly #seen: string[] = [];
  #expected: RegExp[] = [];

  constructor(
    context: BrowserContext,
    private readonly origin: string,
  ) {
    context.on("request", (request) => this.#reach(request.url()));
    context.on("dialog", (dialog) => {
      this.#seen.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    context.on("weberror", (error) => this.#seen.push(`an uncaught error: ${error.error().stack}`));
    // Violations of the Content-Security-Policy are errors on the console, too.
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.#seen.push(`on the console: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("page", (page) => page.on("websocket", (socket) => this.#reach(socket.url().replace(/^ws/, "http"))));
  }

  /** From here on this is no fault, since the test provokes it. */
  expect(what: RegExp): void {
    this.#expected.push(what);
  }

  /** The program is not there for a while, and the browser says so. */
  expectOutage(): void {
    this.expect(/net::ERR_CONNECTION_|net::ERR_EMPTY_RESPONSE|net::ERR_SOCKET_NOT_CONNECTED|WebSocket connection to/);
  }

  faults(): string[] {
    return this.#seen.filter((seen) => !this.#expected.some((expected) => expected.test(seen)));
  }

  #reach(address: string): void {
    const { protocol, origin } = new URL(address);
    if (protocol === "data:" || protocol === "blob:") return;
    if (origin !== this.origin) this.#seen.push(`a request to ${address}`);
  }
}

interface Fixtures {
  /** Who is in the room. */
  crowd: Crowd;
  host: Host;
  api: RoomApi;
  watch: Watch;
  room: RoomPage;
}

export const test = base.extend<Fixtures>({
  crowd: ["none", { option: true }],

  host: async ({ crowd }, use, info) => {
    const home = new Home(crowd);
    const host = new Host(home);
    try {
      await host.start();
      await use(host);
      await host.stop();
    } finally {
      await host.kill();
      home.remove();
      if (info.status !== info.expectedStatus) {
        await info.attach("output of chatter", { body: host.output, contentType: "text/plain" });
        console.log(`--- chatter in \`${info.title}\`\n${host.output}`);
      }
    }
  },

  baseURL: async ({ host }, use) => {
    await use(host.url);
  },

  api: async ({ host }, use) => {
    await use(new RoomApi(host));
  },

  watch: async ({ context, host }, use) => {
    const watch = new Watch(context, host.url);
    await use(watch);
    expect(watch.faults(), "what the page did wrong").toEqual([]);
  },

  room: async ({ page, watch }, use) => {
    void watch;
    await use(new RoomPage(page));
  },
});

export { expect };
