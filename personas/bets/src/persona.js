/** A bookmaker: takes bets on what the streamer asks, calls what happens next, and settles both. */
import { MemoryError, Persona, Style, keepLatest, say, silent, words } from "@chatter/persona";
import * as calls from "./calls.js";
import * as lines from "./lines.js";
import * as poll from "./poll.js";
import { sentences } from "./sentences.js";

/** A line that was not said within this time is old. */
const FRESH_MS = 25_000;

export default class Bets extends Persona {
  static stateVersion = 1;

  state = {
    /** Where the transcript was read to, on the stream's clock. */
    heard: 0,
    /** Ids of the events that were seen. */
    events: [],
    /** The question that bets are taken on, if one is open; see `poll.js`. */
    poll: null,
    /** What it said will happen next; see `calls.js`. */
    call: null,
    /** Wins and cheers, fails: how often each came, and which came last, how often in a row. */
    seen: { hype: 0, fail: 0, last: null, run: 0 },
    /** How many of its own calls were right, of how many. */
    right: 0,
    called: 0,
    /** Who named the winning side last, by name. */
    winners: [],
    /** What waits to be said: the newest replaces the one before. */
    waiting: null,
  };

  onContext(turn, context, host) {
    const rng = turn.rng();
    if (context.position < this.state.heard) this.startOver();
    this.watchEvents(turn, context, rng);
    for (const sentence of sentences(context.transcript, this.state.heard)) {
      this.hear(sentence, turn, host);
    }
    this.state.heard = context.position;
    if (this.state.poll && poll.isOver(this.state.poll, turn.now)) {
      this.wait("calm", lines.noVerdict(this.state.poll), turn);
      this.state.poll = null;
    }
    if (!turn.impulse.speak) return silent("not asked to speak");
    const waiting = this.state.waiting;
    this.state.waiting = null;
    if (waiting && turn.now - waiting.at <= FRESH_MS) {
      return this.say(waiting.text, waiting.mood, turn, rng);
    }
    if (this.state.poll && !this.state.poll.told) {
      this.state.poll.told = true;
      return this.say(lines.open(this.state.poll), "puzzled", turn, rng);
    }
    if (!this.state.call && calls.canCall(this.state.seen)) {
      this.state.call = calls.make(this.state.seen, turn.now, rng);
      return this.say(lines.call(this.state.call, rng), "puzzled", turn, rng);
    }
    return silent("nothing to bet on");
  }

  onFirehose(turn, messages, host) {
    for (const message of messages) this.takeBet(message, turn);
    if (!turn.impulse.speak) return silent("not asked to speak");
    const asked = turn.waiting() ?? messages.findLast((message) => turn.isNamedIn(message));
    if (!asked) return silent("nobody asked for odds");
    const rng = turn.rng();
    const text = this.answer(asked, host, rng);
    return this.say(text, "fun", turn, rng).replyTo(asked.id);
  }

  /** The stream began anew: what was open is open no more. */
  startOver() {
    const { right, called, winners } = this.state;
    this.state = { ...new Bets().state, right, called, winners };
  }

  /** Counts what happened, and settles its own call by it. */
  watchEvents(turn, context, rng) {
    for (const event of context.events) {
      if (!keepLatest(this.state.events, event.id, 60)) continue;
      const kind = calls.side(event.kind);
      if (!kind) continue;
      const call = this.state.call;
      if (call && calls.isStanding(call, turn.now)) {
        const right = call.side === kind;
        this.state.called += 1;
        this.state.right += right ? 1 : 0;
        const record = { right: this.state.right, called: this.state.called };
        this.wait(right ? "fun" : "shock", lines.settled(right, record, rng), turn);
      }
      this.state.call = null;
      calls.count(this.state.seen, kind);
    }
  }

  /** Opens bets on a question that names its answers, and settles them when the stream says which it is. */
  hear(sentence, turn, host) {
    const open = this.state.poll;
    const winner = open && turn.now - open.at >= poll.SETTLES_AFTER_MS && poll.verdict(open, sentence);
    if (winner) {
      const { option, names, ids } = poll.settle(open, winner);
      this.wait("fun", lines.won(option, names), turn);
      if (names.length > 0) this.state.winners = names.slice(0, 5);
      this.note(option, names, ids, host);
      this.state.poll = null;
      return;
    }
    const fresh = poll.open(sentence, turn.now);
    if (fresh) this.state.poll = fresh;
  }

  takeBet(message, turn) {
    if (!this.state.poll || turn.isMine(message)) return;
    poll.bet(this.state.poll, message.author, message.text);
  }

  /** Remembers who won, for the next session. */
  note(option, names, ids, host) {
    if (names.length === 0) return;
    try {
      const text = `${names.slice(0, 3).join(", ")} won the bet on ${option}`;
      host.remember({ kind: "persona-note", text, about: ids[0] });
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      host.warn(error.message);
    }
  }

  answer(message, host, rng) {
    const asks = (phrase) => words.hasPhrase(message.text, phrase);
    if (asks("who won") || asks("winners")) {
      if (this.state.winners.length > 0) return lines.winners(this.state.winners);
      const [noted] = this.search(host);
      return noted ? lines.remembered(noted.text) : "nobody won anything yet";
    }
    if (asks("score") || asks("record") || asks("right")) {
      return lines.record(this.state.right, this.state.called);
    }
    if (this.state.poll) return lines.standing(this.state.poll);
    if (message.text.includes("?")) return lines.oddsOn(rng);
    return lines.record(this.state.right, this.state.called);
  }

  search(host) {
    try {
      return host.search("won the bet", { kinds: ["persona-note"], limit: 1 });
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      host.warn(error.message);
      return [];
    }
  }

  wait(mood, text, turn) {
    this.state.waiting = { text, mood, at: turn.now };
  }

  say(text, mood, turn, rng) {
    const line = Style.of(turn.profile).write(text, mood, rng);
    if (!line) return silent("the style leaves nothing of the line");
    return say(Array.from(line).slice(0, turn.limits.maxLineChars).join(""));
  }
}
