/**
 * One chat line out of any text. Language models answer with quotes, markup, a name in front or a
 * second paragraph, however clearly they were told not to; what is left is what a person would type.
 */
import * as emote from "./emote.js";
import * as words from "./words.js";

const THINKING = [
  ["<think>", "</think>"],
  ["<thinking>", "</thinking>"],
  ["<reasoning>", "</reasoning>"],
];

const WRAPPERS = ['""', "“”", "„“", "«»", "‘’", "''", "``", "**"];

const MARKS = ["- ", "* ", "> ", "• ", "# ", "## ", "### "];

/** Unicode's White_Space; `\s` has U+FEFF too, and no U+0085. */
const SPACE = "\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`[${SPACE}]+`, "gu");
const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "gu");
const ENDS_WITH_SPACE = new RegExp(`[${SPACE}]$`, "u");

/** Control and format characters, fillers, variation selectors; not the joiner and the selector that emoji are made with. */
const INVISIBLE =
  /[\x00-\x1f\x7f-\x9f\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{180e}\u{200b}\u{200c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{3164}\u{fe00}-\u{fe0e}\u{feff}\u{ffa0}\u{fff9}-\u{fffb}\u{e0000}-\u{e0fff}]/gu;

const PICTOGRAPH = /[\u{2190}-\u{2bff}\u{1f000}-\u{1faff}]/u;

/**
 * The chat line in a completion: its first line that has words, without reasoning, code fences, list
 * marks, quotes, emphasis and without one of `names` in front (`Nova: hi`), cut to `maxChars`.
 * Emotes stay; what looks like one and is none goes. Undefined if nothing is left.
 *
 * @param {string} text
 * @param {string[]} names
 * @param {number} maxChars
 * @returns {string | undefined}
 */
export function fromCompletion(text, names, maxChars) {
  for (const raw of withoutThinking(text).split(/\r\n|\n/)) {
    const whole = trim(raw);
    if (/^(```|<<<|>>>)/.test(whole)) continue;
    const line = emote.known(bare(whole, names));
    if (words.anyIn(line) || PICTOGRAPH.test(line)) return tidy(line, maxChars);
  }
  return undefined;
}

/**
 * Makes one line of a text: line breaks and runs of white space become one space, characters that
 * can't be seen are dropped, and what is beyond `maxChars` is cut off, between words if possible.
 * Undefined if nothing is left.
 *
 * @param {string} text
 * @param {number} maxChars
 * @returns {string | undefined}
 */
export function tidy(text, maxChars) {
  return cut(flatten(text), maxChars) || undefined;
}

/** The text on one line, without what can't be seen. */
export function flatten(text) {
  return trim(text.replace(SPACES, " ").replace(INVISIBLE, "").replace(/ +/g, " "));
}

/** The beginning of a text, ending at a word's end unless that would lose more than half of it. */
export function cut(text, maxChars) {
  const chars = Array.from(text);
  if (chars.length <= maxChars) return trim(text);
  const kept = chars.slice(0, maxChars);
  if (!ENDS_WITH_SPACE.test(chars[maxChars])) {
    const space = kept.findLastIndex((c) => ENDS_WITH_SPACE.test(c));
    // Half of it in bytes of UTF-8, as everywhere in chatter.
    const bytes = (list) => list.reduce((sum, c) => sum + utf8Length(c), 0);
    if (space >= 0 && bytes(kept.slice(0, space)) >= Math.floor(bytes(kept) / 2)) kept.length = space;
  }
  return trim(kept.join(""));
}

function utf8Length(c) {
  const code = c.codePointAt(0);
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

function trim(text) {
  return text.replace(ENDS, "");
}

function withoutThinking(text) {
  for (const [open, close] of THINKING) {
    for (;;) {
      const [start, end] = [text.indexOf(open), text.indexOf(close)];
      if (start >= 0 && end > start) text = text.slice(0, start) + text.slice(end + close.length);
      // Some servers keep the opening mark to themselves.
      else if (end >= 0) text = text.slice(end + close.length);
      // It never came to an end, and so to no answer.
      else if (start >= 0) text = text.slice(0, start);
      else break;
    }
  }
  return text;
}

/** Takes off, from the outside in, whatever is not the line itself. */
function bare(line, names) {
  for (;;) {
    let less = unwrapped(line);
    for (const mark of MARKS) if (less.startsWith(mark)) less = less.slice(mark.length);
    for (const name of names) {
      const rest = withoutName(less, name);
      if (rest !== undefined) {
        less = rest;
        break;
      }
    }
    less = trim(less);
    if (less.length === line.length) return line;
    line = less;
  }
}

function unwrapped(line) {
  for (const [open, close] of WRAPPERS) {
    if (line.length < 2 || !line.startsWith(open) || !line.endsWith(close)) continue;
    const inner = line.slice(1, -1);
    // `"no" is "yes"` is not one quotation.
    let [from, to] = [0, inner.length];
    while (from < to && (inner[from] === open || inner[from] === close)) from += 1;
    while (to > from && (inner[to - 1] === open || inner[to - 1] === close)) to -= 1;
    const core = inner.slice(from, to);
    if (!core.includes(open) && !core.includes(close)) return trim(inner);
  }
  return line;
}

const ASCII_LOWER = (text) => text.replace(/[A-Z]/g, (c) => c.toLowerCase());

/** The line without `Name:`, `Name [ai]:`, `**Name:**` or the like in front. */
function withoutName(line, name) {
  const wanted = trim(name);
  const start = line.replace(/^[*_[<@ ]+/, "");
  if (wanted === "" || ASCII_LOWER(start.slice(0, wanted.length)) !== ASCII_LOWER(wanted)) return undefined;
  let rest = start.slice(wanted.length).replace(/^[*_\]> ]+/, "");
  if (rest.startsWith("[ai]")) rest = rest.slice(4);
  else if (rest.startsWith("ai]")) rest = rest.slice(3);
  rest = rest.replace(/^[*_\]> ]+/, "");
  if (!rest.startsWith(":")) return undefined;
  rest = rest.slice(1);
  // `Nova :hype:` cheers for Nova.
  const end = rest.indexOf(":");
  if (end >= 0 && emote.find(rest.slice(0, end))) return undefined;
  return rest.replace(/^[*_ ]+/, "");
}
