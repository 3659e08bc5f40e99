/** The page by which the streamer shares sound, with a microphone that Chromium makes up: a beep each second. */

import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { launchOptions } from "./support/chromium";
import { expect, test } from "./support/fixtures";
import { listensToPages } from "./support/listening";

const browser = launchOptions();

test.use({
  contextOptions: { reducedMotion: "reduce" },
  launchOptions: {
    ...browser,
    args: [...(browser.args ?? []), "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  },
});

class SharePage {
  /** The pieces that were sent, in order. */
  readonly pieces: Int16Array[] = [];
  readonly state;
  readonly alert;
  readonly token;
  readonly meter;

  constructor(readonly page: Page) {
    this.state = page.getByRole("status").first();
    this.alert = page.getByRole("alert");
    this.token = page.getByLabel("The operator’s token");
    this.meter = page.getByRole("meter");
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        // A buffer of Node's own may begin anywhere.
        if (typeof payload !== "string") this.pieces.push(new Int16Array(Uint8Array.from(payload).buffer));
      }),
    );
  }

  async open(): Promise<void> {
    await this.page.goto("/share/main/lobby");
    await expect(this.page.getByRole("heading", { name: "Share sound with The lobby" })).toBeVisible();
  }

  button(name: string) {
    return this.page.getByRole("button", { name });
  }

  async shares(): Promise<void> {
    await expect(this.state).toHaveText("You share the microphone.");
  }

  /** Waits for pieces that satisfy this, from now on. */
  async sends(what: string, is: (piece: Int16Array) => boolean): Promise<void> {
    const from = this.pieces.length;
    await expect.poll(() => this.pieces.slice(from).some(is), { message: what }).toBe(true);
  }
}

const isLoud = (piece: Int16Array) => piece.some((sample) => Math.abs(sample) > 1_000);
const isSilent = (piece: Int16Array) => piece.every((sample) => sample === 0);

test.beforeEach(async ({ host }) => {
  await listensToPages(host);
});

test("the microphone is shared by keyboard, muted and stopped, and asked for by no earlier step", async ({ page, host, watch }) => {
  watch.expect(/401 \(Unauthorized\)/);
  const share = new SharePage(page);
  await page.addInitScript(() => {
    const asked: string[] = [];
    Object.assign(window, { asked });
    for (const name of ["getUserMedia", "getDisplayMedia"] as const) {
      const original = navigator.mediaDevices[name].bind(navigator.mediaDevices);
      navigator.mediaDevices[name] = (...words) => {
        asked.push(name);
        return original(...words);
      };
    }
  });
  const asked = () => page.evaluate(() => (window as unknown as { asked: string[] }).asked);
  await share.open();
  await expect(share.state).toHaveText("Nothing is shared.");
  await expectAccessible(page, "nothing is shared");

  await share.button("Share the microphone").press("Enter");
  await expect(share.alert).toContainText("give the operator’s token first");
  await expect(share.token).toBeFocused();
  await share.token.fill("somebody-else");
  await share.button("Share the microphone").press("Enter");
  await expect(share.alert).toContainText("the token is unknown");
  await expect(share.token).toBeFocused();
  await expectAccessible(page, "the token is unknown");
  expect(await asked()).toEqual([]);

  await share.token.fill(host.token);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(share.button("Share the microphone")).toBeFocused();
  await page.keyboard.press("Enter");
  await share.shares();
  expect(await asked()).toEqual(["getUserMedia"]);
  await share.sends("a beep", isLoud);
  await expect.poll(async () => Number(await share.meter.getAttribute("aria-valuenow"))).toBeGreaterThan(30);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page, `sharing, in ${colorScheme}`);
  }

  await share.button("Mute").press("Enter");
  await expect(share.state).toHaveText("You share the microphone, muted.");
  await share.sends("silence", isSilent);
  await expectAccessible(page, "muted");
  await share.button("Mute").press("Enter");
  await share.sends("a beep again", isLoud);
  expect(share.pieces.every((piece) => piece.length === 1_600)).toBe(true);

  await share.button("Stop sharing").press("Enter");
  await expect(share.state).toHaveText("Nothing is shared.");
  await expect(share.token).toBeFocused();
  await expect.poll(() => host.output.match(/page's sound is over/g)?.length).toBe(1);
});

test("a room whose source is a browser listens to what is shared", async ({ page, host }) => {
  await expect.poll(() => host.output).toContain("the source is waiting: nobody shares sound at /share/main/lobby");
  const share = new SharePage(page);
  await share.open();
  await share.token.fill(host.token);
  await share.button("Share the microphone").click();
  await share.shares();
  await expect.poll(() => host.output).toContain("the source is playing");
});

test("a room that watches something else is told, and heard again once it listens", async ({ page, host, watch }) => {
  watch.expect(/409 \(Conflict\)/);
  const share = new SharePage(page);
  await share.open();
  await share.token.fill(host.token);
  await share.button("Share the microphone").click();
  await share.shares();
  const source = `[source]\nuri = "../streams/synth-rescue.vtt"\nloop = true\n`;
  host.home.write("configs/rooms/lobby.toml", `id = "main/lobby"\ntitle = "The lobby"\n${source}`);
  await expect(share.state).toContainText(/this room listens to .*synth-rescue\.vtt/);
  await share.button("Stop sharing").click();
  await share.button("Share the microphone").click();
  await expect(share.alert).toContainText(/this room listens to .*synth-rescue\.vtt/);
  await expectAccessible(page, "nobody listens");
  await listensToPages(host);
  await share.button("Share the microphone").click();
  await share.shares();
});

test("a connection that is lost is made again, and sharing goes on", async ({ page, host, watch }) => {
  watch.expectOutage();
  // Until the source is played again, nobody listens.
  watch.expect(/409 \(Conflict\)/);
  const share = new SharePage(page);
  await share.open();
  await share.token.fill(host.token);
  await share.button("Share the microphone").click();
  await share.shares();
  await host.stop();
  await expect(share.state).toContainText("Not connected: ");
  await expectAccessible(page, "not connected");
  await host.start();
  await share.shares();
  await share.sends("a beep", isLoud);
});

test("one page shares at a time, and the other is told", async ({ page, context, host, watch }) => {
  watch.expect(/409 \(Conflict\)/);
  const [first, second] = [new SharePage(page), new SharePage(await context.newPage())];
  for (const share of [first, second]) {
    await share.open();
    await share.token.fill(host.token);
  }
  await first.button("Share the microphone").click();
  await first.shares();
  await second.button("Share the microphone").click();
  await expect(second.alert).toContainText("another page shares its sound with this room");
  await page.close();
  await expect(async () => {
    await second.button("Share the microphone").click({ timeout: 5_000 });
    await expect(second.state).toHaveText("You share the microphone.", { timeout: 2_000 });
  }).toPass();
});

test("a browser that shares no tab offers the microphone alone, and says which would", async ({ page, host }) => {
  await page.addInitScript(() => Reflect.deleteProperty(MediaDevices.prototype, "getDisplayMedia"));
  const share = new SharePage(page);
  await share.open();
  await expect(share.button("Share a tab’s sound")).toHaveCount(0);
  await expect(page.getByText("It can’t share a tab’s sound: Chrome and Edge can, on a computer.")).toBeVisible();
  await share.token.fill(host.token);
  await share.token.press("Enter");
  await share.shares();
});

test("a room that is not there is told", async ({ page, watch }) => {
  watch.expect(/404 \(Not Found\)/);
  await page.goto("/share/main/nowhere");
  await expect(page.getByRole("heading", { name: "There is no room main/nowhere here" })).toBeVisible();
});
