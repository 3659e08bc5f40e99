/** Lines that are reactions and nothing else. */
import * as emote from "./emote.js";
import * as words from "./words.js";

const MAX_WORDS = 4;
const MAX_CHARS = 40;

/**
 * The words that reactions are made of, without drawn-out letters. None of them speaks of the one who
 * writes, and none can be thrown at somebody else. One text, with a space before and after each.
 */
export const REACTIONS = `
  a absolute absolutely again agreed ahead alive all almost always amazing and another any arc aw
  awesome back banger based beautiful believe best big bless boom brain bravo bro bruh built bye
  called came chat chills cinema clap clean clip clipped close clutch cmon come comeback comedy
  comes coming cook cooked cooking cool cope cozy crazy crispy crossed crying cursed day diff
  different done doubt down dying easy encore epic ever every everything exactly ez f facts fair
  faster finally fingers fire first focus for fr frame free frfr full gg ggs gl glhf go goat
  goated goes going gold gone good goosebumps great happened happens hard heartbreak hello help
  here hey hi history hold how hug huge huh hydrate hype hyped iconic idk in inches insane
  interesting is it it's its just kek kekw last legend legendary legit lesgo let let's lets lfg
  live lmao lock locked lol lore louder luck magic massive maybe missed moment mood more music nah
  nailed naur never new next nice night no nope not now nt obviously of ofc oh ok okay omg on one
  oof ooh op ouch over pain peak perfect please pls plz pog poggers possible prayge press prob
  pure ready real replay rigged right rip robbed ruined run sadge said same save screaming seated
  send sheesh snacks so soon start still stop story such sus suspense take tense thanks that
  that's thats the there things this tho though time timing to too tragedy true trust try ty uh
  unlucky unreal unstoppable up vibes victory vote w wait waiting was way we we're well were what
  wheezing when where whoa why wild win wins woo woohoo work worked works worth wow wp ws yay yeah
  yep yes yikes yo yolo yup
`.replace(/\s+/g, " ");

/** Emoji, what joins them, and what colours them. */
const EMOJI = /[\u{2190}-\u{2bff}\u{1f000}-\u{1faff}\u{200d}\u{fe0f}]/u;
const PLAIN_SIGN = /[0-9\s'’!?,+.]/;
const NUMBER = /\p{N}/u;

/** `bit.ly/x`, `@ana`, `#ad`, `5:1`: none of it belongs into a shout. */
function isPlain(text) {
  const signs = Array.from(text);
  const isLetter = (c) => words.anyIn(c) && !NUMBER.test(c);
  return signs.every(
    (c, at) =>
      (PLAIN_SIGN.test(c) || EMOJI.test(c) || isLetter(c)) &&
      !(c === "." && words.anyIn(signs[at + 1] ?? "")),
  );
}

/** Whether a line is short, and made of reactions, emotes and `topic` (lower case) alone. */
export function isReaction(text, topic) {
  const written = text.split(/\s+/u).filter(Boolean).length;
  if (Array.from(text).length > MAX_CHARS || written === 0 || written > MAX_WORDS) return false;
  const without = emote.stripped(text);
  const isSomething =
    words.anyIn(without) || EMOJI.test(without) || emote.inText(text).length > 0;
  return (
    isSomething && isPlain(without) && words.all(without).every((word) => isWord(word, topic))
  );
}

function isWord(word, topic) {
  return (
    isCount(word) ||
    isLaugh(word) ||
    [1, 2].some((most) => REACTIONS.includes(` ${shortened(word, most)} `)) ||
    topic.includes(word)
  );
}

/** `+1`, `100`; no telephone number. */
function isCount(word) {
  return /^[0-9]{1,3}$/.test(word);
}

function isLaugh(word) {
  return /^([ha]{3,}|[he]{3,}|[lo]{3,}|lma[lmao]*)$/.test(word);
}

/** The word with runs of a letter cut to `most`. */
function shortened(word, most) {
  return word.replace(/(.)\1+/gu, (run, letter) => (run.length > most * letter.length ? letter.repeat(most) : run));
}
