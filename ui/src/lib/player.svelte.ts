/** Plays the room's recording in step with the chat, once its viewer wants to hear it. */

import { backoff } from "./backoff";
import type { Room } from "./room.svelte";
import { behind, isHearable, loops, step, wanted } from "./sound";

/** How often it is looked whether the player is where it should be, in milliseconds. */
const TICK = 250;

/** Another jump within so long shows that the jump itself takes time, in milliseconds. */
const AGAIN = 5_000;

/** The most that a jump is taken to take, in seconds. */
const LONGEST_JUMP = 3;

/** After so long without sound it is said that it is on its way, in milliseconds: a word that flickers tells nothing. */
const SAID_AFTER = 700;

/** After so long without sound it is asked for anew, in milliseconds. */
const HUNG = 20_000;

/** Some browsers let sound begin only while a viewer presses something. */
const REFUSED = "The browser did not let the sound begin by itself. Press Listen again.";

/** So long that is told, in milliseconds: on a small screen it has the place of what the stream says. */
const TOLD = 20_000;

const KEPT_AS = "chatter.volume";

const USUAL_VOLUME = 0.8;

/** What is kept, where the browser keeps anything: from 0 to 1. */
function kept(): number {
  try {
    const volume = Number(localStorage.getItem(KEPT_AS) ?? USUAL_VOLUME);
    return volume >= 0 && volume <= 1 ? volume : USUAL_VOLUME;
  } catch {
    return USUAL_VOLUME;
  }
}

export class Player {
  /** Whether its viewer wants to hear it. A page begins silent, as browsers ask for. */
  on = $state(false);
  volume = $state(USUAL_VOLUME);
  /** Whether sound has been on its way for a while. */
  loading = $state(false);
  /** Why nothing can be heard, in words. */
  trouble = $state<string | null>(null);

  /** Whether the browser did not let it begin, a while ago at most. */
  #refused = $state(false);

  readonly #room: Room;
  readonly #audio = new Audio();
  /** Whether the browser lets a page set the volume. */
  readonly adjustable: boolean;
  /** What is loaded: the recording's tag. */
  #tag: string | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Until what the browser did not let begin is told no more. */
  #forgets: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  /** Since when sound is on its way; null if it is there or not wanted. */
  #waits: number | null = null;
  #jumped = -Infinity;
  #jumpTakes = 0;
  /** Whether the page itself stops the player: anything else is the viewer's media keys. */
  #stops = false;

  constructor(room: Room) {
    this.#room = room;
    this.#audio.preload = "none";
    this.#audio.volume = 0.5;
    this.adjustable = this.#audio.volume === 0.5;
    this.volume = this.#audio.volume = kept();
    this.#audio.addEventListener("playing", () => {
      this.#wait(false);
      this.trouble = null;
      this.#attempt = 0;
    });
    this.#audio.addEventListener("waiting", () => this.#wait(this.on));
    // Before anything is heard of its beginning.
    this.#audio.addEventListener("loadedmetadata", () => this.#tick());
    this.#audio.addEventListener("pause", () => {
      if (!this.#stops && !this.#audio.ended) this.mute();
      this.#stops = false;
    });
    this.#audio.addEventListener("error", () => void this.#fail());
  }

  /** Whether there is something to be heard. */
  get offered(): boolean {
    return this.#room.info?.sound != null;
  }

  /** Why nothing is heard of what is offered, though nothing is wrong. */
  get silence(): string | null {
    const { course } = this.#room;
    if (!course) return "Nothing plays right now.";
    return isHearable(course.speed) ? null : `It plays at ${course.speed} times its speed: too ${course.speed < 1 ? "slow" : "fast"} to be heard.`;
  }

  /** What is to be told of the sound, and whether something is wrong; null if nothing is to be told. */
  get told(): { text: string; wrong: boolean } | null {
    if (this.#refused) return { text: REFUSED, wrong: true };
    if (!this.on) return null;
    if (this.trouble !== null) return { text: this.trouble, wrong: true };
    const { silence } = this;
    return silence === null ? null : { text: silence, wrong: false };
  }

  /** Ends it, for good. */
  end(): void {
    this.mute();
    clearTimeout(this.#forgets);
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }

  toggle(): void {
    if (this.on) this.mute();
    else this.listen();
  }

  listen(): void {
    this.on = true;
    clearTimeout(this.#forgets);
    this.#refused = false;
    this.#attempt = 0;
    if (this.volume === 0) this.setVolume(USUAL_VOLUME);
    if (this.trouble !== null) this.#tag = null;
    this.trouble = null;
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), TICK);
    this.#tick();
    // Within the viewer's own gesture, or browsers refuse it.
    if (this.#tag !== null) this.#play();
  }

  mute(): void {
    this.on = false;
    this.#wait(false);
    clearInterval(this.#ticking);
    clearTimeout(this.#again);
    this.#stop();
  }

  setVolume(volume: number): void {
    this.volume = this.#audio.volume = Math.max(0, Math.min(1, volume));
    try {
      localStorage.setItem(KEPT_AS, String(this.volume));
    } catch {
      // Holds until the page is closed, then.
    }
  }

  #play(): void {
    if (!this.#audio.paused) return;
    this.#audio.play().catch((error: unknown) => {
      // What can't be loaded is told by its own event; what was stopped meanwhile is no trouble.
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) return;
      this.mute();
      this.#refused = true;
      this.#forgets = setTimeout(() => (this.#refused = false), TOLD);
    });
  }

  #stop(): void {
    if (this.#audio.paused) return;
    this.#stops = true;
    this.#audio.pause();
  }

  #tick(): void {
    // It may have been muted while the beginning was loaded.
    if (!this.on) return;
    const { course, ahead, info, id } = this.#room;
    const tag = info?.sound?.tag ?? null;
    if (tag === null || !course || !ahead || !isHearable(course.speed)) {
      this.#wait(false);
      this.#stop();
      return;
    }
    if (this.#waits !== null) {
      const waited = performance.now() - this.#waits;
      this.loading = waited > SAID_AFTER;
      if (waited > HUNG) void this.#fail();
    }
    if (this.#tag !== tag) {
      this.#tag = tag;
      this.#attempt = 0;
      this.trouble = null;
      this.#load(id);
    }
    if (this.#audio.error || this.#audio.readyState < HTMLMediaElement.HAVE_METADATA) return;

    const duration = this.#audio.duration;
    const now = Date.now() + ahead.by;
    const place = wanted(course, now, duration);
    if (place === null) {
      this.#wait(false);
      this.#stop();
      return;
    }
    this.#audio.loop = loops(course, duration);
    if (this.#audio.paused || this.#audio.ended) {
      this.#jump(place);
      this.#play();
      return;
    }
    if (this.#audio.readyState === HTMLMediaElement.HAVE_METADATA && !this.#audio.seeking && this.#audio.currentTime === 0) {
      this.#jump(place);
    }
    if (this.#audio.seeking || this.#audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) return;
    const period = course.loop ? (course.length ?? duration) : null;
    const off = behind(place, this.#audio.currentTime, period);
    const { rate, jump } = step(off, course.speed, this.#audio.playbackRate);
    if (this.#audio.playbackRate !== rate) this.#audio.playbackRate = rate;
    if (!jump) return;
    const soon = performance.now() - this.#jumped < AGAIN;
    this.#jumpTakes = soon ? Math.max(0, Math.min(LONGEST_JUMP, this.#jumpTakes + off)) : 0;
    this.#jump(Math.min(place + this.#jumpTakes, duration));
  }

  #jump(place: number): void {
    this.#jumped = performance.now();
    this.#audio.currentTime = place;
  }

  #wait(waits: boolean): void {
    this.#waits = waits ? (this.#waits ?? performance.now()) : null;
    if (!waits) this.loading = false;
  }

  #load(room: string): void {
    this.#wait(true);
    // The tag makes it another address when it is another recording; the gateway does not look at it.
    this.#audio.src = `/v1/rooms/${room}/source?${this.#tag ?? ""}`;
    this.#audio.load();
    this.#play();
  }

  async #fail(): Promise<void> {
    if (!this.on) return;
    this.#wait(false);
    const answer = await fetch(this.#audio.src, { method: "HEAD", signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (!this.on) return;
    const code = this.#audio.error?.code;
    const unplayable = code === MediaError.MEDIA_ERR_DECODE || code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
    // An outage that is over by now looks the same at first.
    if (answer?.ok && unplayable && this.#attempt > 0) {
      this.trouble = "This browser can’t play the stream’s sound.";
      return;
    }
    this.trouble =
      answer?.status === 404
        ? "The stream’s sound is not here any more."
        : "The sound can’t be loaded. It is tried again.";
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.#load(this.#room.id), backoff(this.#attempt++, Math.random()));
  }
}
