// Measures the page in Chromium, beside a chatter that runs:
//
//   npm run measure -- http://127.0.0.1:8787 --token FILE [--room main/lobby] [--seconds 20] [--kept 10000]
//
// FILE holds the operator's token (`operator-token` in the data folder): the operator may say more
// than a viewer. Prints what the page loads, the times between frames while 50 messages a second
// come and while one scrolls through all that are kept, and the memory that is used then. The times
// between frames depend on whatever else the machine does; the share of the page's thread that was
// busy (in CPU time) does not.

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: "string" },
    room: { type: "string", default: "main/lobby" },
    seconds: { type: "string", default: "20" },
    kept: { type: "string", default: "10000" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const [base] = positionals;
if (!base || !values.token) {
  console.error("usage: npm run measure -- URL --token FILE [--room TENANT/ROOM] [--seconds N] [--kept N]");
  process.exit(2);
}
const token = (await readFile(values.token, "utf8")).trim();
const [seconds, kept] = [Number(values.seconds), Number(values.kept)];

const NAMES = ["Ana", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gül", "Hana", "Ivo", "Jun"];
const TEXTS = [
  "no way",
  ":hype: :hype:",
  "did anybody see where the key went?",
  "gg :gg:",
  "@Ana it was in the left tower the whole time, which is the funniest thing that has happened since the bridge",
  "lol",
  ":wheeze:",
  "so close :sweat:",
];
let said = 0;
async function say() {
  const n = said++;
  const answer = await fetch(`${base}/v1/rooms/${values.room}/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ author: NAMES[n % NAMES.length], text: `${TEXTS[n % TEXTS.length]} ${n}` }),
  });
  await answer.text();
  if (!answer.ok && answer.status !== 503) throw new Error(`the gateway answers ${answer.status}`);
  return answer.ok;
}

/** Says `count` messages as fast as they are taken. */
async function fill(count) {
  let left = count;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left > 0) if (await say()) left -= 1;
    }),
  );
}

/** Says `perSecond` messages a second, evenly. */
async function flood(perSecond, seconds) {
  const start = performance.now();
  const running = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    const wait = start + (n * 1000) / perSecond - performance.now();
    if (wait > 0) await new Promise((then) => setTimeout(then, wait));
    running.push(say());
  }
  await Promise.all(running);
}

/** CPU time of the page's main thread, in seconds. */
let devtools;
async function busy() {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration").value;
}

/** Does something, and says what it meant for the page. */
async function watch(name, act) {
  await take();
  const [from, start] = [await busy(), performance.now()];
  const more = await act();
  const spent = (performance.now() - start) / 1000;
  const share = Math.round(((await busy()) - from) / spent * 100);
  console.log(`${name.padEnd(15)} ${summary(more?.times ?? (await take()))}; thread busy ${share} %${more?.text ?? ""}`);
}

function summary(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]?.toFixed(1);
  const long = times.filter((time) => time > 50).length;
  return `${times.length} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${long} beyond 50 ms`;
}

const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
devtools = await page.context().newCDPSession(page);
await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
const violations = [];
const elsewhere = [];
const loaded = [];
page.on("console", (message) => message.type() === "error" && violations.push(message.text()));
page.on("pageerror", (error) => violations.push(error.message));
page.on("request", (request) => new URL(request.url()).origin !== new URL(base).origin && elsewhere.push(request.url()));
page.on("response", (response) => loaded.push(response));
await page.addInitScript(() => {
  document.addEventListener("securitypolicyviolation", (event) => console.error(`${event.violatedDirective}: ${event.blockedURI}`));
  const times = [];
  let last = performance.now();
  const frame = (now) => {
    times.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  window.frames_ = { take: () => times.splice(0) };
});

await page.goto(`${base}/r/${values.room}`);
await page.getByText("Live", { exact: true }).waitFor();
await page.waitForTimeout(1_000);

const files = [];
for (const response of loaded) {
  const path = new URL(response.url()).pathname;
  if (path.startsWith("/v1/") || path.endsWith(".svg")) continue;
  const body = await response.body();
  files.push({ path, size: body.length, gzip: gzipSync(body).length });
}
const total = (key) => files.reduce((sum, file) => sum + file[key], 0);
console.log(`first load      ${files.length} files, ${total("size")} bytes, ${total("gzip")} with gzip`);

const take = () => page.evaluate(() => window.frames_.take());
const log = page.getByRole("log");
const nodes = () => page.evaluate(() => document.querySelectorAll("*").length);

await watch("50 a second", () => flood(50, seconds));
await watch(`${kept} at once`, () => fill(kept));
await watch("50 a s after it", () => flood(50, seconds));

// Up through everything that is kept and down again, as fast as a wheel that is spun.
const scroll = () => log.evaluate(async (list) => {
  window.frames_.take();
  const frame = () => new Promise(requestAnimationFrame);
  let empty = 0;
  const step = async (by) => {
    list.scrollTop += by;
    await frame();
    // Rows are measured, and shown, after this frame's callbacks and before it is painted.
    await new Promise((then) => setTimeout(then));
    const { top, bottom } = list.getBoundingClientRect();
    const middle = (top + bottom) / 2;
    const shown = [...list.querySelectorAll("[data-id]")].some((row) => {
      const at = row.getBoundingClientRect();
      return at.top <= middle && at.bottom >= middle && getComputedStyle(row).visibility === "visible";
    });
    if (!shown) empty += 1;
  };
  for (let n = 0; n < 300; n++) await step(-600);
  for (let n = 0; n < 300; n++) await step(600);
  return { times: window.frames_.take(), text: `; ${empty} of 600 steps showed no row` };
});
await watch("scrolling", scroll);

await page.evaluate(() => {
  gc();
  gc();
});
const heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
console.log(`memory          ${(heap / 2 ** 20).toFixed(1)} MiB of JavaScript, ${await nodes()} elements, ${said} messages said`);
console.log(`from elsewhere  ${elsewhere.length === 0 ? "nothing" : elsewhere.join(" ")}`);
console.log(`errors, policy  ${violations.length === 0 ? "none" : violations.join("\n")}`);
await browser.close();
