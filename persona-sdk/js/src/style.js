/**
 * How a character writes, read from the words of its `style`: what code has to hold to, whatever the
 * model did. Words that are not known change nothing.
 */
import * as emote from "./emote.js";
import * as words from "./words.js";

const NUMBERS =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split(
    " ",
  );

const SHARES = { never: 0, rarely: 0.07, sometimes: 0.25, often: 0.5, always: 0.75, only: 1 };

export class Style {
  /** How this character writes. */
  static of(profile) {
    return new Style(profile.style);
  }

  constructor(style) {
    const text = style.toLowerCase();
    const says = (...any) => any.some((part) => text.includes(part));
    /** How many words a line has: the least and the most. */
    this.words = length(text);
    /** `never rarely sometimes often always only` */
    this.emotes = emotes(text);
    /** The emotes that it names; empty if it leaves the choice open. */
    this.ownEmotes = [...new Set(emote.inText(style))];
    /** Nothing in capitals, unless it shouts. */
    this.lowercase =
      says("lowercase", "lower case", "no capitals") && !says("lowercase letter as often");
    /** Capitals when excited. */
    this.shouts = says("caps when", "capitals when", "all caps");
    /** No full stops and exclamation marks. */
    this.bare = says("no punctuation", "no full stops", "without punctuation", "no exclamation");
    /** Vowels drawn out when excited. */
    this.stretches = says("stretches", "stretched", "draws out", "drawn-out");
  }

  /** The share of lines that have an emote, about. */
  get emoteShare() {
    return SHARES[this.emotes];
  }

  /** An emote of its own that fits the mood, if it has any; undefined otherwise. */
  emote(mood, rng) {
    if (this.emotes === "never") return undefined;
    const pool = this.ownEmotes.length > 0 ? this.ownEmotes : emote.ALL;
    const best = pool.filter((one) => one.moods[0] === mood);
    const fitting = pool.filter((one) => one.moods.includes(mood));
    const some = best.length > 0 && rng.chance(0.7) ? best : fitting;
    if (some.length > 0) return rng.pick(some);
    if (this.emotes !== "only") return undefined;
    return pool.find((one) => one.moods.includes("calm")) ?? pool[0];
  }

  /** A line of the module's own in this character's hand: its case, its punctuation, an emote at times. */
  write(text, mood, rng) {
    let line = this.emotes === "never" ? emote.stripped(text) : emote.known(text);
    if (this.emotes === "only") {
      const one = this.emote(mood, rng);
      return emote.only(line, 3) ?? (one && emote.written(one));
    }
    if (this.lowercase) line = emote.mapWords(line, (part) => part.toLowerCase());
    if (this.bare) line = line.replace(/[!.\s]+$/u, "");
    if (emote.inText(line).length === 0 && rng.chance(this.emoteShare)) {
      const one = this.emote(mood, rng);
      if (one) line += ` ${emote.written(one)}`;
    }
    return line || undefined;
  }

  /**
   * A line of another as this character would repeat it: in its own case, without the emotes or
   * without the words if it never has them, now and then louder. Undefined if nothing is left.
   */
  repeat(text, excited, rng) {
    if (this.emotes === "only") return emote.only(text, 3);
    let line = this.emotes === "never" ? emote.stripped(text) : emote.known(text);
    if (emote.isOnly(line)) {
      const few = line.split(/\s+/u).length < 3;
      const often = this.emotes === "often" || this.emotes === "always";
      if (few && often && rng.chance(0.25)) line += ` ${emote.written(emote.inText(line)[0])}`;
      return line;
    }
    if (this.bare) line = line.replace(/[!.]+$/u, "").trimEnd();
    if (this.shouts && excited && rng.chance(0.5)) {
      line = emote.mapWords(line, (part) => part.toUpperCase());
    } else if (this.lowercase) {
      line = emote.mapWords(line, (part) => part.toLowerCase());
    }
    if (this.stretches && excited) line = longer(line, rng);
    return line || undefined;
  }
}

/** A drawn-out end, drawn out more. */
function longer(text, rng) {
  const end = /(\P{N})\1+$/u.exec(text);
  return end && words.anyIn(end[1]) && rng.chance(0.5) ? text + end[1].repeat(1 + rng.below(3)) : text;
}

/** How many words a line has, an emote counting as one. */
export function wordCount(line) {
  const rest = emote.stripped(line).split(/\s+/u);
  return (
    rest.filter((word) => words.anyIn(word)).length + emote.inText(line).length
  );
}

/** `one to three words`, `2-6 words`, `at most five words`; else how short it says it is. */
function length(text) {
  const all = words.all(text.replace(/[-–]/g, " to "));
  const windows = all.slice(0, -3).map((_, i) => all.slice(i, i + 4));
  for (const [least, between, most, unit] of windows) {
    const range =
      ((between === "to" || between === "or") && unit.startsWith("word")) ||
      (between === "to" && unit === "of");
    const [from, to] = [number(least), number(most)];
    if (range && from !== undefined && to !== undefined && from <= to) {
      return [Math.max(from, 1), Math.max(to, 1)];
    }
  }
  for (const [a, b, most, unit] of windows) {
    const bound = (a === "at" && b === "most") || (a === "up" && b === "to");
    const to = number(most);
    if (bound && unit.startsWith("word") && to !== undefined) return [1, Math.max(to, 1)];
  }
  if (words.hasPhrase(text, "very short")) return [1, 3];
  if (words.hasPhrase(text, "short")) return [1, 6];
  if (words.hasPhrase(text, "long") || words.hasPhrase(text, "complete sentence")) return [6, 20];
  return [1, 8];
}

function number(word) {
  const named = NUMBERS.indexOf(word);
  const value = named >= 0 ? named : /^\d+$/.test(word) ? Number(word) : undefined;
  return value !== undefined && value <= 60 ? value : undefined;
}

/** How often, by what stands in the sentence that speaks of emotes. */
function emotes(text) {
  const says = (where, ...any) => any.some((part) => where.includes(part));
  if (says(text, "only emotes", "nothing but emotes")) return "only";
  if (says(text, "no emotes", "never emotes", "without emotes")) return "never";
  const sentence = text.split(/[.;]/).find((part) => part.includes("emote"));
  if (sentence === undefined) return "sometimes";
  if (says(sentence, "all the time", "always", "every line")) return "always";
  if (says(sentence, "often", "a lot", "heaps", "many")) return "often";
  if (says(sentence, "rare", "seldom", "hardly", "in ten lines")) return "rarely";
  return "sometimes";
}
