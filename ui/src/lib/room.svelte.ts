/** A room as the page shows it: its log, who is in it, what the stream says, and the connection that keeps them fresh. */

import { flushSync } from "svelte";
import { Absence } from "./absence.svelte";
import { Announcer } from "./announcer";
import { latest, makeSession, status, stretch } from "./api";
import { steadily, steady } from "./clock";
import { Combos, type Combo } from "./combo";
import { Connection, type Down, type Owner, type Position } from "./connection";
import { emotesIn, loadOwn } from "./emote";
import { KEPT, Log, type Line } from "./log";
import { Moderation } from "./moderation.svelte";
import type { Outbox } from "./outbox";
import { Outgoing } from "./outgoing.svelte";
import { callable, wrote } from "./people";
import { Pulse } from "./pulse";
import type { ChatMessage, ChatTrends, Person, RoomStatus, ServerFrame, StreamNow, You } from "./protocol";
import { Removals } from "./removals";
import { Screen } from "./screen";
import { ahead, course, type Ahead, type Course } from "./sound";
import { uuid } from "./uuid";

/** How many messages come with the page, and with each step back. */
const HISTORY = 200;

/** At most so many steps back are made to find something. */
const SEEK = 5;

/** How often the room's status is asked for, in milliseconds. */
const REFRESH = 15_000;

/** How often it is asked which emotes the room has, in milliseconds. */
const EMOTES = 60_000;

/** After so long it is asked for again: a program that has just started knows all its personas by then. In milliseconds. */
const SETTLED = 3_000;

/** How often it is looked whether something is over, in milliseconds. */
const TICK = 1_000;

/** What was heard from the stream is shown for so long, in milliseconds: a source tells more every few seconds. */
const STREAM_LASTS = 60_000;

/** So long after the last trends there are none, in milliseconds: they are told every ten seconds at least. */
const TRENDS_LAST = 30_000;

export type State = Down | { state: "open" };

/** The log as it is shown. */
export interface View {
  readonly lines: readonly Line[];
  /** Whether lines came or went at the beginning, and only there, since the view before this one. */
  readonly shift: boolean;
  /** How many messages were ever added at the end. */
  readonly appended: number;
  /** Changes when lines go, come at the beginning, or become others. */
  readonly edition: number;
  /** The newest offset of the view before: what is beyond has just come. */
  readonly before: number;
  /** Whether there may be more before the first line. */
  readonly more: boolean;
}

export class Room implements Owner {
  view = $state.raw<View>({ lines: [], shift: false, appended: 0, edition: 0, before: Infinity, more: false });
  info = $state.raw<RoomStatus | null>(null);
  stream = $state.raw<StreamNow | null>(null);
  trends = $state.raw<ChatTrends | null>(null);
  /** Where the recording is that the room watches. */
  course = $state.raw<Course | null>(null);
  /** What is known of the server's clock, once there is something to be heard. */
  ahead = $state.raw<Ahead | null>(null);
  you = $state.raw<You | null>(null);
  connection = $state.raw<State>({ state: "connecting", again: false });
  /** What is to be said of the latest coming back; null if there is nothing. */
  recovery = $state.raw<{ complete: boolean } | null>(null);
  /** The author who wrote last. */
  speaker = $state<string | null>(null);
  /** The emote that many write right now. */
  combo = $state.raw<Combo | null>(null);
  /** Whether the room's history is here. */
  begun = $state(false);
  loading = $state(false);

  #recent = $state.raw<readonly Person[]>([]);
  readonly names = $derived(
    callable(this.info?.personas ?? [], this.info?.people ?? [], this.#recent, this.you?.id ?? null),
  );

  /** The name of who has this id, if they are known here and nobody else has it. */
  nameOf(author: string): string | null {
    if (author === this.you?.id) return this.you.name;
    return this.names.find(({ id }) => id === author)?.term ?? null;
  }

  /** All names that a text may call, one's own among them. */
  readonly called = $derived([...this.names.map(({ term }) => term), ...(this.you ? [this.you.name] : [])]);

  /** Takes what is to be read out. */
  readonly announcer = new Announcer();

  readonly moderation: Moderation;

  /** One's own messages that the room does not have yet. */
  get outbox(): Outbox {
    return this.#outgoing.drafts;
  }

  /** What came while nobody looked. */
  readonly absence = new Absence();

  /** What was told to one alone last: what a command did. A new object each time. */
  notice = $state.raw<{ text: string } | null>(null);

  /** How fast the chat goes. */
  readonly pulse = new Pulse();

  /** While someone reads further up, more is kept, so that what is read doesn't go. */
  reading = false;

  readonly #log = new Log();
  readonly #removals: Removals;
  readonly #combos = new Combos();
  #queue: ServerFrame[] = [];
  readonly #screen = new Screen(() => this.#flush());
  readonly #wire: Connection;
  readonly #outgoing: Outgoing;
  #wasOpen = false;
  /** Whether trends came over this connection: then they go on coming. */
  #paced = false;
  #live = Infinity;
  /** When it was last asked which emotes the room has; never, if that had no answer. */
  #emotes = -Infinity;
  #streamed = 0;
  #trended = 0;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #refresh: ReturnType<typeof setInterval> | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(readonly id: string) {
    this.moderation = new Moderation(id, (text) => this.tell(text));
    this.#wire = new Connection(id, this, true);
    this.#removals = new Removals(id, this.#log, () => {
      this.#flush();
      this.#keep();
      this.#show(false);
    });
    this.#outgoing = new Outgoing(
      (frame) => this.#wire.send(frame),
      () => {
        // The answer may wait to be read.
        this.#flush();
        if (this.#outgoing.waits) this.#wire.lost("the server does not answer");
      },
    );
  }

  start(): void {
    this.#wire.start();
    this.#refresh = setInterval(() => {
      if (document.visibilityState === "visible") this.#check();
    }, REFRESH);
    this.#ticking = setInterval(() => this.#tick(), TICK);
  }

  end(): void {
    clearInterval(this.#refresh);
    clearInterval(this.#ticking);
    this.#timers.forEach(clearTimeout);
    this.#screen.cancel();
    this.#outgoing.down();
    this.#wire.end();
  }

  /** Takes a name: a new session, and with it a new connection. */
  async join(name: string): Promise<void> {
    await makeSession(name);
    // Nobody was away.
    this.#wasOpen = false;
    this.retry();
  }

  say(text: string, replyTo: string | null): void {
    this.#outgoing.say(text, replyTo);
  }

  /** Tells its reader something, among the messages. */
  tell(text: string): void {
    const author = { id: "system:page", name: "chatter", kind: "system" } as const;
    this.#log.note({ v: 1, id: uuid(), room_id: this.id, author, text, sent_at: new Date().toISOString() });
    this.notice = { text };
    this.#show(false);
  }

  discard(id: string): void {
    this.#outgoing.discard(id);
  }

  /** Tries now instead of later. */
  retry(): void {
    // Read what a connection said, or ask for it again: it is not both.
    this.#queue = [];
    this.#wire.again();
  }

  /** Its reader goes, or is back: then it is looked at once whether the connection has brought all. */
  seen(visible: boolean): void {
    if (!visible) {
      this.absence.leave(this.at()?.offset ?? null);
      return;
    }
    // Pages that are hidden have few timers: what came may still wait to be read.
    this.#flush();
    this.absence.back();
    this.#check();
  }

  find(id: string): ChatMessage | null {
    return this.#log.find(id);
  }

  /** The line of a message, taken back or not. Follows what is shown. */
  line(id: string): Line | null {
    void this.view;
    return this.#log.line(id);
  }

  /** Goes further back in the log, one step. */
  async older(): Promise<void> {
    const wanted = this.#log.before(HISTORY);
    if (!wanted || this.loading || this.#log.lines.length >= KEPT) return;
    this.loading = true;
    try {
      const page = await stretch(this.id, wanted.after, wanted.limit);
      this.#flush();
      this.#log.prepend(page);
      this.#show(true);
    } catch {
      // The next time one scrolls there.
    } finally {
      this.loading = false;
    }
  }

  /** Goes back until what is looked for is there, but not for ever. */
  async seek(found: () => boolean): Promise<void> {
    for (let steps = 0; steps < SEEK && !found() && this.view.more; steps++) {
      const { length } = this.#log.lines;
      await this.older();
      // The server does not answer, or somebody else is at it.
      if (this.#log.lines.length === length) return;
    }
  }

  /** Asks how the room is while there is a connection, and so whether it still is one. */
  #check(): void {
    if (this.connection.state !== "open") return;
    this.#look().catch(() => {});
  }

  async #look(): Promise<void> {
    this.#own();
    const asked = Date.now();
    const info = await this.#wire.asked(status(this.id));
    this.info = info;
    this.#wire.compare(info);
    const at = this.at();
    if (at && at.epoch === info.epoch && at.offset >= info.offset) this.absence.complete();
    if (info.sound) this.ahead = ahead(this.ahead, asked, Date.parse(info.sound.now), Date.now());
  }

  /** Asks which emotes the room has, now and then: whoever keeps it may change them. */
  #own(): void {
    const now = performance.now();
    if (now - this.#emotes < EMOTES) return;
    this.#emotes = now;
    void loadOwn(this.id).then((had) => {
      if (!had) this.#emotes = -Infinity;
    });
  }

  // === impl Owner ===

  down(why: Down): void {
    if (why.state === "connecting") {
      this.#timers.forEach(clearTimeout);
      this.#timers.clear();
    }
    this.#outgoing.down();
    this.connection = why;
  }

  async prepare(): Promise<void> {
    // A server that was started anew may have others.
    this.#emotes = -Infinity;
    await this.#look();
    if (!this.begun && this.#log.newest === null) {
      const history = await latest(this.id, HISTORY);
      // Another attempt may have brought it meanwhile.
      if (this.begun) return;
      this.#log.begin(history);
      for (const { message } of this.#log.lines) {
        this.#recent = wrote(this.#recent, message.author);
        this.pulse.take(steadily(message.sent_at));
      }
      this.begun = true;
      this.#show(false);
    }
  }

  query(): Record<string, string> {
    return { ...this.#log.resume(), stream: "true" };
  }

  take(frame: ServerFrame): void {
    this.#queue.push(frame);
    this.#screen.schedule();
  }

  over(): void {
    this.#flush();
  }

  viewers(): number | undefined {
    return this.info?.viewers;
  }

  at(): Position | null {
    const { epoch, newest } = this.#log;
    return epoch === null || newest === null ? null : { epoch, offset: newest };
  }

  silent(): void {
    if (this.#paced) this.#wire.lost("the connection is silent");
    else this.#check();
  }

  #flush(): void {
    this.#screen.cancel();
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    const before = this.#log.newest ?? Infinity;
    let missed = false;
    for (const frame of queue) {
      missed = this.#read(frame);
      // What follows belongs to a connection that is given up.
      if (missed) break;
    }
    this.#count();
    // What comes beside the log, each second or so, is no reason to look through the list.
    if (this.#log.appended !== this.view.appended || this.#log.edition !== this.view.edition) this.#show(false, before);
    if (this.#log.trim(this.reading ? KEPT + KEPT / 2 : KEPT) > 0) this.#show(true);
    if (missed) this.#wire.lost("messages are missing");
  }

  /** Changes at the beginning and at the end are shown one after the other: the list tells them apart. */
  #show(shift: boolean, before: number = Infinity): void {
    const { lines, appended, edition } = this.#log;
    // What was taken back is gone, but for moderators.
    const seen = this.moderation.moderates ? [...lines] : lines.filter(({ removed }) => removed === undefined);
    this.view = { lines: seen, shift, appended, edition, before, more: this.#log.before(1) !== null };
    flushSync();
  }

  #read(frame: ServerFrame): boolean {
    if (frame.type === "stream") {
      this.stream = frame;
      this.course = course(this.course, Date.parse(frame.at), frame.playing);
      this.#streamed = performance.now();
      return false;
    }
    if (frame.type === "trends") {
      this.trends = frame;
      this.#paced = true;
      this.#trended = performance.now();
      return false;
    }
    this.moderation.take(frame);
    const { appended } = this.#log;
    if (this.#log.take(frame)) return true;
    this.#outgoing.take(frame);
    if (frame.type === "hello") this.#hello(frame);
    if (frame.type === "notice") this.tell(frame.text);
    if (frame.type === "remove" || frame.type === "clear") this.#keep();
    this.#removals.take(frame);
    if (frame.type === "message" && this.#log.appended > appended) this.#heard(frame.offset, frame.message);
    return false;
  }

  /** What was taken back is neither read out nor counted. */
  #keep(): void {
    const there = (id: string) => this.find(id) !== null;
    this.announcer.keep(there);
    this.absence.keep(there);
  }

  #hello({ you, offset, recovered }: Extract<ServerFrame, { type: "hello" }>): void {
    // A moderator is shown what others are not.
    this.#log.edition += 1;
    this.you = you;
    if (!recovered) this.absence.renew();
    this.connection = { state: "open" };
    this.#paced = false;
    this.recovery = this.#wasOpen ? { complete: recovered } : null;
    if (this.recovery) this.#after(recovered ? 4_000 : 20_000, () => (this.recovery = null));
    this.#wasOpen = true;
    this.#live = offset;
    // Now that one is counted among the viewers.
    this.#check();
    this.#after(SETTLED, () => this.#check());
  }

  #tick(): void {
    this.#count();
    if (this.stream && performance.now() - this.#streamed > STREAM_LASTS) this.stream = this.course = null;
    if (this.trends && performance.now() - this.#trended > TRENDS_LAST) this.trends = null;
  }

  #count(): void {
    const combo = this.#combos.now(performance.now());
    if (combo?.code !== this.combo?.code || combo?.count !== this.combo?.count) this.combo = combo;
  }

  #heard(offset: number, message: ChatMessage): void {
    const missed = offset <= this.#live;
    const own = message.author.id === this.you?.id;
    this.#recent = wrote(this.#recent, message.author);
    if (!own && !message.deleted) this.absence.heard(message.id, this.isForYou(message), missed);
    // What was missed is not news. What is new counts when it comes, whatever the clocks of the two are.
    this.pulse.take(missed ? steadily(message.sent_at) : steady());
    if (own && !message.deleted) this.moderation.spoke(Date.parse(message.sent_at));
    if (missed) return;
    this.speaker = message.author.id;
    this.#combos.take(emotesIn(message.text), performance.now());
    if (own || message.deleted) return;
    this.announcer.take({ id: message.id, author: message.author.name, text: message.text, forYou: this.isForYou(message) });
  }

  /** Whether a message names one, or answers one. */
  isForYou(message: ChatMessage): boolean {
    const you = this.you?.id;
    if (you === undefined || message.author.id === you) return false;
    if ((message.mentions ?? []).includes(you)) return true;
    return message.reply_to ? this.find(message.reply_to)?.author.id === you : false;
  }

  #after(wait: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, wait);
    this.#timers.add(timer);
  }
}
