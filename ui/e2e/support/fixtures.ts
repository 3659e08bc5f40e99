/** What every test has: a host of its own, its room, and pages that are watched from the first request to the last. */

import { test as base, expect } from "@playwright/test";
import { Home, type Crowd } from "./home";
import { Host } from "./host";
import { RoomApi } from "./room";
import { RoomPage } from "./room-page";
import { Watch } from "./watch";

interface Fixtures {
  /** Who is in the room. */
  crowd: Crowd;
  /** What may be said, as a file of configs/moderation; null for what ships. */
  policy: string | null;
  host: Host;
  api: RoomApi;
  watch: Watch;
  room: RoomPage;
  /** Another browser of another person. */
  visitor: () => Promise<RoomPage>;
}

export const test = base.extend<Fixtures>({
  crowd: ["none", { option: true }],

  policy: [null, { option: true }],

  host: async ({ crowd, policy }, use, info) => {
    const home = new Home(crowd);
    if (policy !== null) home.write("configs/moderation/default.toml", policy);
    const host = new Host(home);
    try {
      await host.start();
      await use(host);
      await host.stop();
    } finally {
      await host.kill();
      home.remove();
      if (info.status !== info.expectedStatus) console.log(`--- chatter in \`${info.title}\`\n${host.output}`);
    }
  },

  baseURL: async ({ host }, use) => {
    await use(host.url);
  },

  api: async ({ host }, use) => {
    await use(new RoomApi(host));
  },

  watch: async ({ host }, use) => {
    const watch = new Watch(host.url);
    await use(watch);
    expect(watch.faults, "what pages did wrong").toEqual([]);
  },

  context: async ({ context, watch }, use) => {
    watch.add(context);
    await use(context);
  },

  room: async ({ page }, use) => {
    await use(new RoomPage(page));
  },

  visitor: async ({ browser, baseURL, watch }, use) => {
    const contexts: { close(): Promise<void> }[] = [];
    await use(async () => {
      const context = await browser.newContext(baseURL === undefined ? {} : { baseURL });
      contexts.push(context);
      watch.add(context);
      return new RoomPage(await context.newPage());
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
