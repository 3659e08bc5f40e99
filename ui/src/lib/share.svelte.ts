/** Sharing sound with a room: what is listened to, and the connection that takes it there. */

import { Refused, maySendSound } from "./api";
import { backoff } from "./backoff";
import { loudness } from "./resample";
import worklet from "./share.worklet.ts?worker&url";

export type Kind = "tab" | "microphone";

export type Sharing =
  /** `ended` if something was shared, and the browser or who uses it has ended that outside the page. */
  | { state: "idle"; ended?: true }
  /** The browser asks its user, or the host is asked. */
  | { state: "starting"; kind: Kind }
  | { state: "sharing"; kind: Kind }
  | { state: "waiting"; kind: Kind; why: string };

/** What waits to be sent is dropped beyond this, in bytes: two seconds. What is late is of no use. */
const MOST_WAITING = 64_000;

/** After so long without a sound one is told, in milliseconds. */
const SILENT = 5_000;

/** How long a connection may take, in milliseconds. */
const DEADLINE = 10_000;

/** As it comes: a browser that improves a voice spoils everything else. */
const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export class Share {
  now = $state.raw<Sharing>({ state: "idle" });
  /** Why it could not be, or is no more; null if nothing is wrong. */
  trouble = $state.raw<{ what: "token" | "other"; why: string } | null>(null);
  /** How loud it is, from 0 to 1. */
  level = $state(0);
  muted = $state(false);
  /** Nothing has been heard for a while, though nobody muted it. */
  silent = $state(false);

  #token = "";
  #stream: MediaStream | null = null;
  #context: AudioContext | null = null;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #heard = 0;
  /** Counts starts: what belongs to an earlier one comes too late. */
  #run = 0;

  constructor(readonly room: string) {}

  /** Asks the browser for the sound, and begins. */
  async start(kind: Kind, token: string): Promise<void> {
    this.stop();
    const run = this.#run;
    this.trouble = null;
    this.#token = token.trim();
    // Anything else can't stand in a header.
    if (!/^[\x21-\x7e]+$/.test(this.#token)) return this.#fail("token", "this is no token");
    this.now = { state: "starting", kind };
    try {
      await maySendSound(this.room, this.#token);
      const stream = await capture(kind);
      if (run !== this.#run) return end(stream);
      this.#stream = stream;
      for (const track of stream.getTracks()) {
        track.onended = () => this.#ended();
      }
      await this.#listen(stream);
    } catch (error) {
      if (run !== this.#run) return;
      const refused = error instanceof Refused && (error.status === 401 || error.status === 403);
      return this.#fail(refused ? "token" : "other", words(error, kind));
    }
    if (run === this.#run) this.#connect(kind);
  }

  stop(): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.#drop();
    void this.#context?.close();
    this.#context = null;
    if (this.#stream) end(this.#stream);
    this.#stream = null;
    this.#attempt = 0;
    this.now = { state: "idle" };
    this.level = 0;
    this.silent = false;
    this.muted = false;
  }

  /** Sends silence instead, or sound again. */
  mute(muted: boolean): void {
    this.muted = muted;
    this.#heard = performance.now();
    this.silent = false;
    this.#stream?.getAudioTracks().forEach((track) => (track.enabled = !muted));
  }

  #fail(what: "token" | "other", why: string): void {
    this.stop();
    this.trouble = { what, why };
  }

  #ended(): void {
    this.stop();
    this.now = { state: "idle", ended: true };
  }

  async #listen(stream: MediaStream): Promise<void> {
    const context = new AudioContext();
    this.#context = context;
    await context.audioWorklet.addModule(worklet);
    // A tab that was loaded in the background may have to be told, and so may one that a call has interrupted.
    await context.resume();
    context.onstatechange = () => {
      if (context === this.#context && context.state !== "running" && context.state !== "closed") void context.resume().catch(() => {});
    };
    const node = new AudioWorkletNode(context, "share", { numberOfOutputs: 0 });
    this.#heard = performance.now();
    node.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      if (context === this.#context) this.#piece(data);
    };
    context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(node);
  }

  #piece(bytes: ArrayBuffer): void {
    this.level = loudness(new Int16Array(bytes));
    if (this.level > 0) this.#heard = performance.now();
    this.silent = !this.muted && performance.now() - this.#heard > SILENT;
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_WAITING) socket.send(bytes);
  }

  #connect(kind: Kind): void {
    const address = new URL(`/v1/rooms/${this.room}/sound`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address, ["chatter.sound", `chatter.bearer.${base64url(this.#token)}`]);
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), DEADLINE);
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.now = { state: "sharing", kind };
    };
    socket.onclose = ({ reason }) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#later(kind, reason || "the connection was lost");
    };
  }

  /** Tries again after a while; the host says over HTTP what it does not say of a WebSocket. */
  #later(kind: Kind, why: string): void {
    clearTimeout(this.#timer);
    this.now = { state: "waiting", kind, why };
    const run = this.#run;
    const wait = backoff(this.#attempt++, Math.random());
    this.#timer = setTimeout(() => void this.#again(kind, run), wait);
  }

  async #again(kind: Kind, run: number): Promise<void> {
    try {
      await maySendSound(this.room, this.#token);
      if (run === this.#run) this.#connect(kind);
    } catch (error) {
      if (run !== this.#run) return;
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
        return this.#fail("token", words(error, kind));
      }
      this.#later(kind, error instanceof Refused ? error.message : "the server does not answer");
    }
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

/** Whether the browser can share what a tab plays. Of some that say so none comes: see `capture`. */
export const sharesTabs = (): boolean => typeof (navigator.mediaDevices as Partial<MediaDevices> | undefined)?.getDisplayMedia === "function";

/** Asks for sound. What a tab shows comes with what it plays, and is not looked at. */
async function capture(kind: Kind): Promise<MediaStream> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error("browsers listen only for pages that come over HTTPS or from localhost");
  if (kind === "microphone") return devices.getUserMedia({ audio: AS_IT_IS });
  if (!sharesTabs()) throw new Error("this browser can’t share a tab’s sound: Chrome and Edge can, on a computer");
  const stream = await devices.getDisplayMedia({ audio: AS_IT_IS, video: { frameRate: 1 } });
  if (stream.getAudioTracks().length > 0) return stream;
  end(stream);
  throw new Error("no sound came with it. In Chrome and Edge choose a tab, and switch on “Also share tab audio”; Firefox and Safari share no tab’s sound");
}

function end(stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
}

function words(error: unknown, kind: Kind): string {
  if (error instanceof Refused) return error.message;
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "the browser was not allowed to listen";
  if (name === "NotFoundError") return kind === "tab" ? "there is nothing to share" : "there is no microphone";
  if (name === "NotReadableError") {
    return kind === "tab" ? "the browser could not get its sound: choose another, or try again" : "the microphone is in use, or does not work";
  }
  if (name === "TimeoutError" || error instanceof TypeError) return "the server does not answer";
  return error instanceof Error ? error.message : String(error);
}

/** RFC 4648, section 5, without padding: what may stand in a header. */
export function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
