/** What the room watches, heard in step with the chat. */

import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expectAccessible } from "./support/axe";
import { expect, test } from "./support/fixtures";
import type { Home } from "./support/home";
import type { Host } from "./support/host";
import type { RoomApi } from "./support/room";

// A line that fades in has little contrast for a moment.
test.use({ contextOptions: { reducedMotion: "reduce" } });

interface Playing {
  at_ms: number;
  speed: number;
  length_ms?: number;
}

/** The room's position as the gateway tells it, and the page's player. */
class Heard {
  #told: { at: number; playing: Playing } | null = null;
  readonly listen;
  readonly mute;
  readonly volume;

  constructor(readonly page: Page) {
    this.listen = page.getByRole("button", { name: "Listen" });
    this.mute = page.getByRole("button", { name: "Mute" });
    this.volume = page.getByRole("slider", { name: "Volume" });
    page.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        const frame = JSON.parse(String(payload)) as { type: string; at: string; playing?: Playing };
        if (frame.type === "stream") this.#told = frame.playing ? { at: Date.parse(frame.at), playing: frame.playing } : null;
      }),
    );
  }

  /** Watches the players that the page makes from now on. */
  async watch(): Promise<void> {
    await this.page.addInitScript(() => {
      const players: HTMLAudioElement[] = [];
      const Original = window.Audio;
      Object.assign(window, {
        players,
        Audio: function () {
          const player = new Original();
          players.push(player);
          return player;
        },
      });
    });
  }

  async now(): Promise<{ plays: boolean; at: number; time: number; duration: number; volume: number }> {
    return this.page.evaluate(() => {
      const [player] = (window as unknown as { players: HTMLAudioElement[] }).players;
      const { paused, muted, readyState, currentTime, duration, volume } = player!;
      return { plays: !paused && !muted && readyState > 2 && currentTime > 0, at: Date.now(), time: currentTime, duration, volume };
    });
  }

  /** How far the page is from where the room is, in seconds; NaN if nothing plays at either. */
  async off(): Promise<number> {
    const { plays, at, time, duration } = await this.now();
    if (!plays || !this.#told) return NaN;
    const { playing, at: told } = this.#told;
    const period = playing.length_ms === undefined ? duration : playing.length_ms / 1000;
    const place = playing.at_ms / 1000 + ((at - told) / 1000) * playing.speed;
    const off = (((place - time) % period) + period) % period;
    return Math.min(off, period - off);
  }

  async inStep(): Promise<void> {
    await expect.poll(() => this.off(), { message: "how far the page is from the room" }).toBeLessThan(1);
  }
}

/** The room watches this recording from now on. */
async function watches(host: Host, api: RoomApi, recording: string, more = ""): Promise<void> {
  const source = `[source]\nuri = "../streams/${recording}"\nloop = true\naudible = true\n${more}`;
  host.home.write("configs/rooms/lobby.toml", `id = "main/lobby"\ntitle = "The lobby"\n${source}`);
  await expect.poll(async () => (await api.status()).sound).toBeDefined();
}

/** A recording of so many seconds: a tone. */
function tone(home: Home, name: string, seconds: number): void {
  const rate = 8_000;
  const wav = Buffer.alloc(44 + seconds * rate * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(wav.length - 44, 40);
  for (let n = 0; n < seconds * rate; n++) wav.writeInt16LE(Math.round(9_000 * Math.sin(n / 3)), 44 + n * 2);
  home.write(`configs/streams/${name}`, wav);
}

test("the shipped commentary is heard where the room is, after a reload and an outage too", async ({ page, room, api, host, watch }) => {
  watch.expectOutage();
  const heard = new Heard(page);
  await heard.watch();
  await watches(host, api, "synth-rescue.mp3");
  await room.enter("Ana");
  await expect(heard.listen).toBeVisible();
  expect((await heard.now()).plays, "before somebody asks for it").toBe(false);
  await expectAccessible(page, "with sound that is off");

  await heard.listen.click();
  await expect(heard.mute).toBeFocused();
  await heard.inStep();
  await expectAccessible(page, "with sound that is on");

  await heard.volume.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(heard.volume).toHaveAttribute("aria-valuetext", "75 percent");
  expect((await heard.now()).volume).toBeCloseTo(0.75);

  await page.reload();
  await expect(heard.listen).toBeVisible();
  expect((await heard.now()).plays, "a page that was loaded again").toBe(false);
  await heard.listen.press("Enter");
  await heard.inStep();
  expect((await heard.now()).volume, "the volume is remembered").toBeCloseTo(0.75);

  // The source begins again with the program, so the page has to go back.
  await host.stop();
  await room.lost();
  await host.start();
  await room.live();
  await heard.inStep();
  await expect(heard.mute).toBeVisible();
});

test("the key m turns the sound on and off where nobody writes, if it is let", async ({ page, room, api, host }) => {
  const heard = new Heard(page);
  await heard.watch();
  await watches(host, api, "synth-rescue.mp3");
  await room.enter("Ana");
  await expect(heard.listen).toBeVisible();
  await room.box.focus();
  await page.keyboard.press("m");
  await expect(room.box).toHaveValue("m");
  await expect(heard.listen).toBeVisible();
  await room.box.fill("");

  await room.log.focus();
  await page.keyboard.press("m");
  await expect(heard.mute).toBeVisible();
  await heard.inStep();
  await heard.volume.focus();
  await page.keyboard.press("m");
  await expect(heard.listen).toBeVisible();
  expect((await heard.now()).plays).toBe(false);

  await page.getByRole("button", { name: "Settings" }).click();
  const keys = page.getByRole("group", { name: "Key M turns the sound on and off" });
  await keys.getByRole("radio", { name: "No" }).check();
  await page.keyboard.press("Escape");
  await room.log.focus();
  await page.keyboard.press("m");
  await heard.listen.click();
  await expect(heard.mute, "one press, not two").toBeVisible();
});

test("a recording that begins again is heard again, and another one in its place instead", async ({ page, room, api, host }) => {
  const heard = new Heard(page);
  await heard.watch();
  tone(host.home, "short.wav", 6);
  await watches(host, api, "short.wav");
  await room.enter("Ana");
  await heard.listen.click();
  await heard.inStep();
  let before = 0;
  const goesBack = async () => {
    const { time } = await heard.now();
    const back = time < before - 3;
    before = time;
    return back;
  };
  await expect.poll(goesBack, { message: "it begins again", intervals: [200] }).toBe(true);
  await heard.inStep();

  tone(host.home, "longer.wav", 30);
  await watches(host, api, "longer.wav");
  await expect.poll(async () => Math.round((await heard.now()).duration), { message: "the other one" }).toBe(30);
  await heard.inStep();
});

test("that the sound can't be loaded is read out", async ({ page, room, api, host, watch }) => {
  watch.expect(/Failed to load resource/);
  const heard = new Heard(page);
  await watches(host, api, "synth-rescue.mp3");
  await page.route("**/v1/rooms/*/*/source?*", (route) => route.abort());
  await room.enter("Ana");
  const told = page.getByRole("status").filter({ hasText: "The sound can’t be loaded. It is tried again." });
  await expect(told).toHaveCount(0);
  await heard.listen.click();
  await expect(told).toBeVisible();
  await expectAccessible(page, "with sound that can't be loaded");
});

test("a browser that lets sound begin only while one presses something asks to press again", async ({ page, room, api, host }) => {
  const heard = new Heard(page);
  await heard.watch();
  await page.addInitScript(() => {
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
      if (!("allowed" in window)) return Promise.reject(new DOMException("", "NotAllowedError"));
      return play.call(this);
    };
  });
  await watches(host, api, "synth-rescue.mp3");
  await room.enter("Ana");
  const told = page.getByRole("status").filter({ hasText: "Press Listen again." });
  await expect(told).toHaveCount(0);
  await heard.listen.click();
  await expect(told).toBeVisible();
  await expect(heard.listen).toBeVisible();
  await page.evaluate(() => Object.assign(window, { allowed: true }));
  await heard.listen.click();
  await heard.inStep();
  await expect(told).toHaveCount(0);
});

test("a speed that no browser plays is told, and what may not be heard is not offered", async ({ page, room, api, host }) => {
  const heard = new Heard(page);
  await heard.watch();
  await watches(host, api, "synth-rescue.mp3", "speed = 20\n");
  await room.enter("Ana");
  await heard.listen.click();
  await expect(page.getByText("It plays at 20 times its speed: too fast to be heard.")).toBeVisible();
  expect((await heard.now()).plays).toBe(false);

  const lobby = readFileSync(host.home.path("configs/rooms/lobby.toml"), "utf8");
  host.home.write("configs/rooms/lobby.toml", lobby.replace("audible = true", "audible = false"));
  await expect.poll(async () => (await api.status()).sound).toBeUndefined();
  await expect(heard.mute).toHaveCount(0);
  await expect(heard.listen).toHaveCount(0);
});
