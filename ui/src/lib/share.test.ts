import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeSocket } from "./socket.fake";

vi.mock("./share.worklet.ts?worker&url", () => ({ default: "/worklet.js" }));

const { base64url, Share } = await import("./share.svelte");

it.each([
  ["th3-t0k", "dGgzLXQwaw"],
  ["??>>", "Pz8-Pg"],
  ["ü~", "w7x-"],
  ["", ""],
])("the token %j is %j in a header", (token, expected) => {
  expect(base64url(token)).toBe(expected);
});

describe("sharing", () => {
  /** What the host says of whether one may share, for now. */
  let refusal: { status: number; code: string; detail: string } | null;
  /** What the browser asks its user with. */
  let devices: { getUserMedia?: () => Promise<unknown>; getDisplayMedia?: () => Promise<unknown> };
  let contexts: { state: string; resumed: number; onstatechange: (() => void) | null }[];
  let track: { onended: (() => void) | null; enabled: boolean; stop: () => void };

  beforeEach(() => {
    vi.useFakeTimers();
    refusal = null;
    track = { onended: null, enabled: true, stop: () => {} };
    FakeSocket.all = [];
    const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
    const nothing = () => Promise.resolve();
    vi.stubGlobal("location", { href: "https://chat.example/share/main/lobby" });
    devices = { getUserMedia: () => Promise.resolve(stream) };
    contexts = [];
    vi.stubGlobal("navigator", { mediaDevices: devices });
    vi.stubGlobal("MediaStream", class {});
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("AudioWorkletNode", class {
      port = { onmessage: null };
    });
    vi.stubGlobal("AudioContext", class {
      state = "running";
      resumed = 0;
      onstatechange: (() => void) | null = null;
      audioWorklet = { addModule: nothing };
      constructor() {
        contexts.push(this);
      }
      resume() {
        this.resumed += 1;
        return nothing();
      }
      close = nothing;
      createMediaStreamSource = () => ({ connect: () => {} });
    });
    vi.stubGlobal("fetch", () =>
      Promise.resolve(refusal ? Response.json(refusal, { status: refusal.status }) : new Response(null, { status: 204 })),
    );
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  const deaf = { status: 409, code: "not_listening", detail: "this room listens to talk.mp3" };

  async function sharing(): Promise<InstanceType<typeof Share>> {
    const share = new Share("main/lobby");
    await share.start("microphone", "token");
    (FakeSocket.newest() as FakeSocket & { onopen: () => void }).onopen();
    expect(share.now).toEqual({ state: "sharing", kind: "microphone" });
    return share;
  }

  it("is over, and no failure, when the browser ends it", async () => {
    const share = await sharing();
    track.onended?.();
    expect(share.now).toEqual({ state: "idle", ended: true });
    expect(share.trouble).toBeNull();
  });

  it("is refused, in the host's words, where nobody listens", async () => {
    refusal = deaf;
    const share = new Share("main/lobby");
    await share.start("microphone", "token");
    expect(share.now).toEqual({ state: "idle" });
    expect(share.trouble).toEqual({ what: "other", why: deaf.detail });
    expect(FakeSocket.all).toEqual([]);
  });

  it.each<[string, "tab" | "microphone", () => void, string]>([
    ["that knows no tabs", "tab", () => {}, "this browser can’t share a tab’s sound: Chrome and Edge can, on a computer"],
    [
      "that gives no sound of a tab",
      "tab",
      () => (devices.getDisplayMedia = () => Promise.resolve({ getTracks: () => [track], getAudioTracks: () => [] })),
      "no sound came with it. In Chrome and Edge choose a tab, and switch on “Also share tab audio”; Firefox and Safari share no tab’s sound",
    ],
    [
      "that can't get a tab's sound",
      "tab",
      () => (devices.getDisplayMedia = () => Promise.reject(new DOMException("", "NotReadableError"))),
      "the browser could not get its sound: choose another, or try again",
    ],
    [
      "whose microphone is in use",
      "microphone",
      () => (devices.getUserMedia = () => Promise.reject(new DOMException("", "NotReadableError"))),
      "the microphone is in use, or does not work",
    ],
    [
      "that is asked while the server is away",
      "microphone",
      () => vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch"))),
      "the server does not answer",
    ],
  ])("says of a browser %s why it could not be: %s", async (_, kind, is, why) => {
    is();
    const share = new Share("main/lobby");
    await share.start(kind, "token");
    expect(share.trouble).toEqual({ what: "other", why });
  });

  it("goes on listening after the browser was interrupted, until it is over", async () => {
    const share = await sharing();
    const [context] = contexts;
    if (!context) throw new Error("nobody listens");
    const { resumed } = context;
    for (const state of ["interrupted", "running", "suspended"]) {
      context.state = state;
      context.onstatechange?.();
    }
    expect(context.resumed).toBe(resumed + 2);
    share.stop();
    context.onstatechange?.();
    expect(context.resumed).toBe(resumed + 2);
  });

  it("waits while the room listens to something else, and goes on when it does no more", async () => {
    const share = await sharing();
    refusal = deaf;
    FakeSocket.newest().end(1013, "the room listens to something else now");
    expect(share.now).toMatchObject({ state: "waiting", why: "the room listens to something else now" });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(share.now).toMatchObject({ state: "waiting", why: deaf.detail });
    expect(FakeSocket.all.length).toBe(1);
    refusal = null;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all.length).toBe(2);
    share.stop();
  });
});
