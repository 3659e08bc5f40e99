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
  let track: { onended: (() => void) | null; enabled: boolean; stop: () => void };

  beforeEach(() => {
    vi.useFakeTimers();
    refusal = null;
    track = { onended: null, enabled: true, stop: () => {} };
    FakeSocket.all = [];
    const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
    const nothing = () => Promise.resolve();
    vi.stubGlobal("location", { href: "https://chat.example/share/main/lobby" });
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => Promise.resolve(stream) } });
    vi.stubGlobal("MediaStream", class {});
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("AudioWorkletNode", class {
      port = { onmessage: null };
    });
    vi.stubGlobal("AudioContext", class {
      audioWorklet = { addModule: nothing };
      resume = nothing;
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
