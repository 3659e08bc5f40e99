/**
 * How smoothly the page runs in a busy room: the real gateway, the real browser, no verdict. `MINUTES` says how
 * long the busy room is watched.
 */

import type { CDPSession, Page } from "@playwright/test";
import { gzipSync } from "node:zlib";
import { test } from "./support/fixtures";
import type { RoomApi } from "./support/room";

const MINUTES = Number(process.env["MINUTES"] ?? "1");
const PER_SECOND = 50;
const MESSAGES = 10_000;

test("the page in a busy room", async ({ page, room, api }) => {
  const devtools = await page.context().newCDPSession(page);
  const files = new Map<string, Buffer>();
  let wire = 0;
  await devtools.send("Network.enable");
  devtools.on("Network.loadingFinished", ({ encodedDataLength }) => (wire += encodedDataLength));
  page.on("response", async (response) => {
    const { pathname } = new URL(response.url());
    if (pathname.startsWith("/assets/") || pathname.startsWith("/r/")) files.set(pathname, await response.body());
  });
  const started = Date.now();
  await room.enter("Ana");
  const entered = Date.now() - started;

  const rows: Row[] = [];
  const heap = async (when: string) => rows.push([`JS heap ${when}`, `${((await heapBytes(devtools)) / 1e6).toFixed(1)} MB`]);
  const bytes = [...files.values()];
  rows.push(["first load, files", `${bytes.length}`]);
  rows.push(["first load, as gzip", `${kB(bytes.map((file) => gzipSync(file).length))} kB`]);
  rows.push(["first load, uncompressed", `${kB(bytes.map((file) => file.length))} kB`]);
  rows.push(["first load, on the wire with heads and answers of the API", `${kB([wire])} kB`]);
  rows.push(["open and joined after", `${entered} ms`]);
  await heap("at first");

  await api.fill(MESSAGES, line);
  await room.newest((await api.newest()).message.text);
  await heap(`with ${MESSAGES} messages`);
  rows.push(["elements in the document", `${await page.locator("*").count()}`]);

  await startFrames(page);
  const said = await busy(api, MINUTES * 60);
  rows.push(...table(`${PER_SECOND} messages/s arriving`, await endFrames(page)));
  rows.push(["messages said meanwhile", `${said}`]);
  await heap(`after ${MINUTES} min more`);

  await startFrames(page);
  await scroll(page, 10);
  rows.push(...table("scrolling", await endFrames(page)));

  const width = Math.max(...rows.map(([name]) => name.length));
  console.log(rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"));
});

type Row = [name: string, value: string];

/** Times between frames and of long tasks, in milliseconds. */
interface Frames {
  times: number[];
  long: number[];
}

function line(number: number): string {
  const words = ["nice", "left tower!", "what a save", ":hype:", "did anybody see where the second screw went?", "LETS GOOO"];
  return `${words[number % words.length]} ${number}`;
}

/** Somebody says something, so many times a second, for so many seconds. */
async function busy(api: RoomApi, seconds: number): Promise<number> {
  const started = performance.now();
  let said = 0;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed / 1000) * PER_SECOND) - said;
    await api.fill(due, (number) => line(said + number));
    said += due;
    await new Promise((done) => setTimeout(done, 1000 / PER_SECOND));
  }
  return said;
}

async function startFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const frames: Frames = { times: [], long: [] };
    const observer = new PerformanceObserver((list) => frames.long.push(...list.getEntries().map((task) => task.duration)));
    observer.observe({ type: "longtask" });
    let last = performance.now();
    let request = requestAnimationFrame(function frame(now) {
      frames.times.push(now - last);
      last = now;
      request = requestAnimationFrame(frame);
    });
    Object.assign(window, {
      endFrames() {
        cancelAnimationFrame(request);
        observer.disconnect();
        return frames;
      },
    });
  });
}

async function endFrames(page: Page): Promise<Frames> {
  return page.evaluate(() => (window as unknown as { endFrames(): Frames }).endFrames());
}

/** Up with the wheel, as a reader looks for something. */
async function scroll(page: Page, seconds: number): Promise<void> {
  const box = await page.getByRole("log").boundingBox();
  if (!box) throw new Error("there is no log to scroll");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) await page.mouse.wheel(0, -300);
}

function table(of: string, { times, long }: Frames): Row[] {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1)} ms`;
  return [
    [`${of}: frame, median`, at(0.5)],
    [`${of}: frame, p99`, at(0.99)],
    [`${of}: frame, longest`, at(1)],
    [`${of}: tasks beyond 50 ms`, `${long.length}, ${long.reduce((sum, task) => sum + task, 0).toFixed(0)} ms altogether`],
  ];
}

/** What is still in use after what is not was collected. */
async function heapBytes(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return usedSize;
}

function kB(sizes: number[]): string {
  return (sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1);
}
