/**
 * How smoothly the page runs in a busy room, and what the overlay takes after many messages: the real gateway, the
 * real browser, no verdict. `MINUTES` says how long the busy room is watched.
 */

import type { CDPSession, Page } from "@playwright/test";
import { gzipSync } from "node:zlib";
import { test } from "./support/fixtures";
import { OverlayPage } from "./support/overlay-page";
import type { RoomApi } from "./support/room";

const MINUTES = Number(process.env["MINUTES"] ?? "1");
const PER_SECOND = 50;
const MESSAGES = 10_000;

type Row = [name: string, value: string];

test("the page in a busy room", async ({ page, room, api }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const rows: Row[] = [];
  const heap = async (when: string) => rows.push([`JS heap ${when}`, `${((await heapBytes(devtools)) / 1e6).toFixed(1)} MB`]);
  const watch = async (what: string, act: () => Promise<unknown>) => rows.push(...(await watched(page, devtools, what, act)));

  const files = new Map<string, Buffer>();
  let wire = 0;
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (wire += encodedDataLength));
  page.on("response", async (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith("/assets/") || pathname.startsWith("/r/")) files.set(pathname, await response.body());
  });
  await room.enter("Ana");
  const bytes = [...files.values()];
  rows.push(["first load: files", `${bytes.length}`]);
  rows.push(["first load: uncompressed", kB(bytes.map((file) => file.length))]);
  rows.push(["first load: as gzip", kB(bytes.map((file) => gzipSync(file).length))]);
  rows.push(["first load: on the wire, with heads and the API's answers", kB([wire])]);
  await heap("at first");

  await watch(`${PER_SECOND} messages a second`, () => busy(api, 10));
  await watch(`${MESSAGES} messages at once`, () => api.fill(MESSAGES, line));
  await room.newest((await api.newest()).message.text);
  rows.push(["elements in the document", `${await page.locator("*").count()}`]);
  await heap(`with ${MESSAGES} messages`);
  await watch(`${PER_SECOND} messages a second after that`, () => busy(api, MINUTES * 60));
  await heap(`after ${MINUTES} min of that`);

  await room.wheelUp();
  let empty = 0;
  await watch("scrolling", async () => (empty = await scroll(page)));
  rows.push(["scrolling: steps that showed no message", `${empty} of ${STEPS}`]);

  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"));
});

/** So many messages an overlay shows before it is looked at what it takes, and how often that is. */
const STRETCH = 5_000;
const STRETCHES = 6;

test("the overlay after many messages", async ({ page, api }) => {
  const overlay = new OverlayPage(page);
  await overlay.open();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const rows: Row[] = [];
  for (let stretch = 0; stretch <= STRETCHES; stretch++) {
    const [from, started] = [await threadSeconds(devtools), performance.now()];
    await api.fill(stretch === 0 ? 100 : STRETCH, line);
    const { message } = await api.newest();
    await overlay.lines.and(page.locator(`[data-id="${message.id}"]`)).waitFor();
    const seconds = (performance.now() - started) / 1000;
    const share = ((await threadSeconds(devtools)) - from) / seconds;
    const heap = (await heapBytes(devtools)) / 1e6;
    const { nodes } = await devtools.send("Memory.getDOMCounters");
    const rate = Math.round((stretch === 0 ? 100 : STRETCH) / seconds);
    const thread = `thread busy ${Math.round(share * 100)} % at ${rate} messages a second`;
    rows.push([`overlay after ${stretch * STRETCH + 100} messages`, `JS heap ${heap.toFixed(2)} MB, ${nodes} nodes, ${thread}`]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"));
});

function line(number: number): string {
  const words = ["nice", "left tower!", "what a save", ":hype:", "did anybody see where the second screw went?", "LETS GOOO"];
  return `${words[number % words.length]} ${number}`;
}

/** Somebody says something, so many times a second, for so many seconds. */
async function busy(api: RoomApi, seconds: number): Promise<void> {
  const started = performance.now();
  let said = 0;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed / 1000) * PER_SECOND) - said;
    await api.fill(due, (number) => line(said + number));
    said += due;
    await new Promise((done) => setTimeout(done, 1000 / PER_SECOND));
  }
}

/** Does something, and says what it meant for the page: times between frames, and CPU time of its thread. */
async function watched(page: Page, devtools: CDPSession, what: string, act: () => Promise<unknown>): Promise<Row[]> {
  const frames = await page.evaluateHandle(() => {
    const seen = { times: [] as number[], last: performance.now(), on: true };
    requestAnimationFrame(function frame(now) {
      seen.times.push(now - seen.last);
      seen.last = now;
      if (seen.on) requestAnimationFrame(frame);
    });
    return seen;
  });
  const [from, started] = [await threadSeconds(devtools), performance.now()];
  await act();
  const share = ((await threadSeconds(devtools)) - from) / ((performance.now() - started) / 1000);
  const times = await frames.evaluate((seen) => {
    seen.on = false;
    return seen.times;
  });
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1)} ms`;
  const long = times.filter((time) => time > 50).length;
  return [
    [`${what}: frames`, `median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}; ${long} of ${times.length} beyond 50 ms`],
    [`${what}: thread busy`, `${Math.round(share * 100)} %`],
  ];
}

const STEPS = 600;

/** Up through the messages and down again, as fast as a wheel that is spun. Says how many steps showed nothing. */
async function scroll(page: Page): Promise<number> {
  return page.getByRole("log").evaluate(async (list, steps) => {
    let empty = 0;
    for (let step = 0; step < steps; step++) {
      list.scrollTop += step < steps / 2 ? -600 : 600;
      await new Promise((done) => requestAnimationFrame(done));
      // Rows are measured, and shown, after this frame's callbacks and before it is painted.
      await new Promise((done) => setTimeout(done));
      const { top, bottom } = list.getBoundingClientRect();
      const middle = (top + bottom) / 2;
      const shown = [...list.querySelectorAll("[data-id]")].some((row) => {
        const at = row.getBoundingClientRect();
        return at.top <= middle && at.bottom >= middle && getComputedStyle(row).visibility === "visible";
      });
      if (!shown) empty += 1;
    }
    return empty;
  }, STEPS);
}

async function threadSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
}

/** What is still in use after what is not was collected. */
async function heapBytes(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return usedSize;
}

function kB(sizes: number[]): string {
  return `${(sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1)} kB`;
}
