/** The built-in emotes: `:code:` in a line's text, pictures on the page. */
import * as words from "./words.js";

/** All emotes: what stands between the colons, what it means, when it fits (first where it fits best). */
export const ALL = [
  { code: "hype", means: "excitement, let's go", moods: ["joy"] },
  { code: "fire", means: "on fire, on a streak", moods: ["joy"] },
  { code: "wow", means: "amazement, mouth open", moods: ["joy", "shock"] },
  { code: "clap", means: "applause, well done", moods: ["joy", "warm"] },
  { code: "gg", means: "good game, that's a wrap", moods: ["joy", "calm"] },
  { code: "crown", means: "the best there is", moods: ["joy"] },
  { code: "lol", means: "laughing out loud", moods: ["fun"] },
  { code: "wheeze", means: "laughing until it hurts", moods: ["fun"] },
  { code: "smirk", means: "ironic, told you so", moods: ["fun", "calm"] },
  { code: "rip", means: "it's over, a gravestone", moods: ["shock"] },
  { code: "cry", means: "sad, in tears", moods: ["shock"] },
  { code: "facepalm", means: "can't watch, embarrassing", moods: ["shock"] },
  { code: "sweat", means: "nervous, tense", moods: ["shock", "puzzled"] },
  { code: "cope", means: "telling oneself it will be fine", moods: ["shock", "fun"] },
  { code: "think", means: "thinking, not sure", moods: ["puzzled"] },
  { code: "what", means: "confused", moods: ["puzzled"] },
  { code: "sus", means: "suspicious", moods: ["puzzled", "fun"] },
  { code: "brain", means: "clever, five moves ahead", moods: ["puzzled", "joy"] },
  { code: "eyes", means: "watching closely", moods: ["calm", "puzzled"] },
  { code: "snack", means: "popcorn, enjoying the show", moods: ["calm", "fun"] },
  { code: "cozy", means: "comfortable, calm", moods: ["calm", "warm"] },
  { code: "heart", means: "love", moods: ["warm"] },
  { code: "wave", means: "hello or goodbye", moods: ["warm"] },
  { code: "salute", means: "respect", moods: ["warm", "shock"] },
];

const MOOD_OF_EVENT = {
  hype: "joy",
  stream_start: "joy",
  fail: "shock",
  laughter: "fun",
  silence: "calm",
  stream_end: "warm",
};

/** What an event of this kind feels like. Kinds are open: whatever is not known puzzles. */
export function moodOfEvent(kind) {
  return MOOD_OF_EVENT[kind] ?? "puzzled";
}

/** As it is written in a line: `:hype:`. */
export function written(emote) {
  return `:${emote.code}:`;
}

/** The emote with this code, in any letter case. */
export function find(code) {
  const lower = code.toLowerCase();
  return ALL.find((emote) => emote.code === lower);
}

/** `10:30:00` holds no code. */
const CODE = /^[A-Za-z][A-Za-z0-9_]{0,23}$/;
/** Whether the character right before this place is of a word. */
function isWordBefore(text, place) {
  return words.anyIn(Array.from(text.slice(Math.max(0, place - 2), place)).at(-1) ?? "");
}

/** A line as stretches of text, emotes, and what only looks like one. */
function pieces(text) {
  const found = [];
  let begun = 0;
  let at = 0;
  for (;;) {
    const colon = text.indexOf(":", at);
    if (colon < 0) break;
    at = colon + 1;
    const end = text.indexOf(":", at);
    if (end < 0) continue;
    const code = text.slice(at, end);
    if (!CODE.test(code)) continue;
    const emote = find(code);
    if (!emote && isWordBefore(text, colon)) continue;
    found.push({ text: text.slice(begun, colon) }, emote ? { emote } : {});
    at = end + 1;
    begun = at;
  }
  found.push({ text: text.slice(begun) });
  return found;
}

/** One space between words, none at the ends; a text without codes stays as it is. */
function join(text, write) {
  const parts = pieces(text);
  const whole = parts.map(write).join("");
  return parts.length === 1 ? whole : whole.split(/\s+/u).filter(Boolean).join(" ");
}

/** The emotes that stand in a text, in order. */
export function inText(text) {
  return pieces(text).flatMap((piece) => (piece.emote ? [piece.emote] : []));
}

/** The text with its emotes as they are written, and without what only looks like one. */
export function known(text) {
  return join(text, (piece) => piece.text ?? (piece.emote ? written(piece.emote) : ""));
}

/** The text without any emote. */
export function stripped(text) {
  return join(text, (piece) => piece.text ?? "");
}

/** The text's words changed, its emotes as they are: codes have no capitals. */
export function mapWords(text, change) {
  return join(text, (piece) =>
    piece.text === undefined ? (piece.emote ? written(piece.emote) : "") : change(piece.text),
  );
}

/** The first `most` emotes of a text and nothing else; undefined if it has none. */
export function only(text, most) {
  return inText(text).slice(0, most).map(written).join(" ") || undefined;
}

/** Whether there is nothing but emotes in a text. */
export function isOnly(text) {
  return inText(text).length > 0 && stripped(text) === "";
}
