/** What the page may run and load, and from where. All other tests watch that it tries nothing else. */

import { expect, test } from "./support/fixtures";

test("the policy lets nothing run or load that is not a file of the host, and the watch would see it", async ({
  room,
  watch,
  page,
}) => {
  watch.expect(/Content Security Policy|127\.0\.0\.1:9\//);
  await room.enter("Ana");
  const ran = await page.evaluate(async () => {
    const blocked: string[] = [];
    document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }));
    await fetch("http://127.0.0.1:9/").catch(() => {});
    while (blocked.length < 3) await new Promise((done) => setTimeout(done, 10));
    return { blocked: blocked.sort(), ran: "ran" in window };
  });
  expect(ran).toEqual({ blocked: ["connect-src", "img-src", "script-src-elem"], ran: false });
  const seen = watch.seen.join("\n");
  for (const fault of ["inline script", "a request to http://127.0.0.1:9/x.png", "Connecting to 'http://127.0.0.1:9/'"]) {
    expect(seen).toContain(fault);
  }
});
