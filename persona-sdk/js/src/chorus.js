/**
 * Joining in: what a chat does in a wave.
 *
 * When something happens, people in a chat write what others write: the same word, the same emote,
 * `F`. That takes no language model. A persona keeps a chorus in its state, shows it each stream
 * context, and asks it for a line before it thinks of one of its own.
 */
import { isReaction } from "./reaction.js";
import { Rng } from "./rng.js";
import * as words from "./words.js";

/** What others said is repeated for so long, in milliseconds. */
const REPEAT_MS = 30_000;

/** Different authors who say the same within so long make a wave, in milliseconds. */
const WAVE_MS = 15_000;

/** After something happened a single reaction is enough for so long, in milliseconds. */
const MOMENT_MS = 20_000;

/** A wave is over after so long, in milliseconds, and the same words may start another. */
const OVER_MS = 90_000;

/** So many joined waves are kept in mind. */
const JOINED = 8;

/** A character whose profile says nothing of `conformity`. */
const CONFORMITY = 0.3;

/** Numbers of its own, so that a line that is not joined is none the less what it was. */
const OF_THE_CHORUS = 0x63686f72;

const LOUD = ["hype", "fail", "laughter", "stream_start"];

/**
 * Joining in with what others say.
 *
 * What is repeated is short, a reaction and nothing else: words that stand in a list, emotes, and what
 * the stream is about if several said it. Links, names, and what anybody says about themselves can't
 * get through.
 */
export class Chorus {
  /** Over a part of the persona's state, `{}` at first, in which it keeps what it has to. */
  constructor(kept) {
    /** The latest event that people react to, and when it happened by the turn's clock. */
    kept.moment ??= null;
    /** The waves that it joined. */
    kept.joined ??= [];
    this.kept = kept;
  }

  /** Takes in what happened on the stream. */
  watch(turn, context) {
    let latest;
    for (const event of context.events) {
      const counts = LOUD.includes(event.kind) && event.at <= context.position;
      if (counts && event.at >= (latest?.at ?? 0)) latest = event;
    }
    if (!latest) return;
    const at = Math.max(0, turn.now - (context.position - latest.at));
    if (this.kept.moment?.what !== latest.id && turn.now - at <= MOMENT_MS) {
      this.kept.moment = { what: latest.id, at };
    }
  }

  /**
   * What the persona repeats now instead of a line of its own, if the chat is in a wave and it is one
   * who joins in: the more `conformity`, the surer. Once a wave. `topic` is what the stream is about.
   * Undefined otherwise.
   */
  join(turn, style, topic = []) {
    const rng = new Rng(turn.seed, OF_THE_CHORUS);
    this.kept.joined = this.kept.joined.filter(({ at }) => turn.now - at < OVER_MS);
    const { moment } = this.kept;
    const happened = moment && turn.now - moment.at <= MOMENT_MS ? moment : undefined;
    const isOneOf = ({ saidAt, text }) => happened && saidAt >= happened.at && isReaction(text, []);
    // Among what is said now, what most say.
    const pool = this.#voices(turn, style, topic.flatMap(words.all)).filter(
      (voices) => voices.authors.size > 1 || isOneOf(voices),
    );
    const weight = ({ authors }) => authors.size ** 2;
    let left = rng.below(pool.reduce((sum, voices) => sum + weight(voices), 0));
    const chosen = pool.find((voices) => {
      left -= weight(voices);
      return left < 0;
    });
    if (!chosen) return undefined;
    const wave = happened ? happened.what : chosen.print;
    if (this.kept.joined.some(({ what }) => what === wave)) return undefined;
    const conformity = turn.profile.trait("conformity", CONFORMITY);
    if (!rng.chance(readiness(conformity, chosen.authors.size))) return undefined;
    const line = style.repeat(chosen.text, happened !== undefined, rng);
    if (line === undefined) return undefined;
    const waves = new Set([wave, chosen.print]);
    for (const what of waves) this.kept.joined.push({ what, at: turn.now });
    this.kept.joined = this.kept.joined.slice(-JOINED);
    return Array.from(line).length <= turn.limits.maxLineChars ? line : undefined;
  }

  /** What others said just now that this character could repeat, in the order of what was said first. */
  #voices(turn, style, topic) {
    const recent = turn.recent.filter(({ sentAt }) => turn.now - sentAt <= REPEAT_MS);
    const names = new Set(
      [...turn.recent.map(({ author }) => author.name), turn.profile.name].flatMap(words.all),
    );
    const taboo = new Set([
      ...turn.fates.filter(({ fate }) => fate.tag === "dropped").map(({ text }) => print(text)),
      ...recent.filter((message) => turn.isMine(message)).map(({ text }) => print(text)),
      ...this.kept.joined.map(({ what }) => what),
    ]);
    const all = new Map();
    for (const message of recent) {
      if (!mayBeRepeated(turn, message, topic, names)) continue;
      const same = print(message.text);
      if (taboo.has(same) || style.repeat(message.text, false, new Rng(0)) === undefined) continue;
      const voices = all.get(same) ?? { print: same, authors: new Set(), saidAt: message.sentAt };
      all.set(same, voices);
      // As it was said last.
      voices.text = message.text;
      voices.saidAt = Math.max(voices.saidAt, message.sentAt);
      if (turn.now - message.sentAt <= WAVE_MS) voices.authors.add(message.author.id);
    }
    return [...all.values()];
  }
}

/** How likely one joins in when so many others said it just now. */
function readiness(conformity, authors) {
  return Math.min(conformity * (authors > 1 ? 1.5 : 1.2), 0.95);
}

function mayBeRepeated(turn, message, topic, names) {
  return (
    !turn.isMine(message) &&
    message.author.kind !== "system" &&
    message.replyTo == null &&
    message.mentions.length === 0 &&
    !words.all(message.text).some((word) => names.has(word)) &&
    isReaction(message.text, topic)
  );
}

/** What two lines share that are the same but for shouting. */
function print(text) {
  return words.fingerprint(text) || text.trim();
}
