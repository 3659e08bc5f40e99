/** Bets on a question that names its answers: `Power supply, capacitors, or a curse?` */
import { words } from "@chatter/persona";

/** A verdict that comes sooner is the question itself. */
export const SETTLES_AFTER_MS = 6_000;

/** Nobody waits longer for a verdict. */
const OVER_AFTER_MS = 240_000;

/** The most bets that are kept. */
const MOST_BETS = 40;

/** Words that don't tell one answer from another. */
const SMALL = new Set(
  "a an the or and is are was it its it's that this those these do does did you we i they he she should could would can will shall to of in on at for with be been try go let's lets us me my your our again first now then just maybe rather more than not no yes so what which who how why when put use take make chat think want".split(
    " ",
  ),
);

/** What comes before an answer that is one: `chat says alcohol`, `you all want the low note`. */
const VERDICTS =
  /\b(it'?s|it was|it is|that'?s|says?|said|wins?|won|wanted|want|went with|going with|go with|turned out|turns out|picked|chose|answer|obviously|definitely)\b/i;

const DENIES = /\b(not|no|never|isn'?t|wasn'?t|aren'?t|don'?t|doesn'?t|neither|nor)\b/i;

/**
 * Bets on a sentence, if it is a question with two to four answers of a few words.
 *
 * @param {string} sentence
 * @param {number} now
 */
export function open(sentence, now) {
  if (!sentence.endsWith("?") || !words.hasPhrase(sentence, "or")) return null;
  const parts = sentence.slice(0, -1).split(/,\s*(?:or\s+)?|\s+or\s+/iu);
  const options = parts.filter((part) => part.trim() !== "").map(optionOf);
  if (options.length < 2 || options.length > 4 || options.includes(null)) return null;
  // What stands in two answers tells neither.
  const common = (word) => options.filter(({ tells }) => tells.includes(word)).length > 1;
  for (const option of options) option.tells = option.tells.filter((word) => !common(word));
  if (options.some(({ tells }) => tells.length === 0)) return null;
  return { at: now, told: false, options, bets: [] };
}

function optionOf(part) {
  const all = words.all(part);
  const tells = all.filter((word) => word.length > 1 && !SMALL.has(word));
  if (tells.length === 0 || tells.length > 3 || all.length > 8) return null;
  const first = all.indexOf(tells[0]);
  const last = all.lastIndexOf(tells.at(-1));
  return { text: all.slice(first, last + 1).join(" "), tells };
}

/** The options that a text names. */
function named(poll, text) {
  const given = new Set(words.all(text).map(stem));
  return poll.options.filter(({ tells }) => tells.every((word) => given.has(stem(word))));
}

/** `capacitor` and `capacitors` are one. */
function stem(word) {
  return word.length > 4 && word.endsWith("s") ? word.slice(0, -1) : word;
}

/** Takes somebody's bet, if what they say names one answer; a later one replaces it. */
export function bet(poll, author, text) {
  const options = named(poll, text);
  if (options.length !== 1) return false;
  const on = poll.options.indexOf(options[0]);
  const rest = poll.bets.filter(({ id }) => id !== author.id);
  poll.bets = [...rest, { id: author.id, name: author.name, on }].slice(-MOST_BETS);
  return true;
}

/** The answer that a sentence of the stream settles it by; null if it does not. */
export function verdict(poll, sentence) {
  if (sentence.endsWith("?") || DENIES.test(sentence)) return null;
  const options = named(poll, sentence);
  if (options.length !== 1) return null;
  // `Low note.` is the whole answer.
  const alone = words.all(sentence).filter((word) => !SMALL.has(word)).length <= options[0].tells.length;
  return alone || VERDICTS.test(sentence) ? options[0] : null;
}

/** Who had it right. */
export function settle(poll, option) {
  const on = poll.options.indexOf(option);
  const right = poll.bets.filter((one) => one.on === on);
  return { option: option.text, names: right.map(({ name }) => name), ids: right.map(({ id }) => id) };
}

/** Whether nobody waits for a verdict any more. */
export function isOver(poll, now) {
  return now - poll.at > OVER_AFTER_MS;
}

/** How many bet on each answer, most first. */
export function standing(poll) {
  return poll.options
    .map(({ text }, on) => ({ text, bets: poll.bets.filter((one) => one.on === on).length }))
    .toSorted((a, b) => b.bets - a.bets);
}
