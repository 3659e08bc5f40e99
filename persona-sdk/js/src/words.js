/** Words of a chat line or a transcript, for languages that put spaces between words. */

/** The one place with Unicode's letters: each time they are named costs 8 KB of a component. */
const NO_WORD = /[^\p{Alphabetic}\p{N}'’]+/u;

const NO_APOSTROPHE = /[^'’]/;

/** Whether a text has a letter or a digit. */
export function anyIn(text) {
  return text.split(NO_WORD).some((part) => NO_APOSTROPHE.test(part));
}

/**
 * The words of a text in lower case, in order. An apostrophe inside a word stays.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function all(text) {
  return text
    .split(NO_WORD)
    .map((word) => word.replace(/^['’]+|['’]+$/g, "").toLowerCase().replaceAll("’", "'"))
    .filter((word) => word !== "");
}

/**
 * Words that say little about what a text is about: English function words, and what a chat says all
 * the time. One text, with a space before and after each: a list would be several times as
 * much.
 */
export const STOP_WORDS = `
  a about actually after again ah all also am an and any are aren around as at back be because
  been before being but by came can cant chat come could couldn did didn do does doesn doing don
  done dont down each else even every few for from get gets getting go goes going gonna got gotta
  guys had has have haven having he hello her here hey hi him his how huh i if in into is isn it
  its just keep kind know less let lets like little ll look lot make many maybe me mean more most
  much must my need never new next no not nothing now of off oh ok okay on once one only or other
  our out over own people pretty probably put quite rather re really right said same say see she
  should shouldn so some something still such sure take than that the their them then there these
  they thing things think this those though through to too try two uh um under until up us ve very
  wanna want was wasn way we well were what when where which while who why will with won would wow
  yeah yep yes yet you your
`.replace(/\s+/g, " ");

/** Whether a word, in lower case, says little about what a text is about. */
export function isStopWord(word) {
  return Array.from(word).length < 2 || STOP_WORDS.includes(` ${word.split("'")[0]} `);
}

/** The words that tell what a text is about, in order and without repeats. */
export function telling(text) {
  return [...new Set(all(text).filter((word) => !isStopWord(word)))];
}

/** Whether a phrase stands in a text as whole words, whatever their letter case. */
export function hasPhrase(text, phrase) {
  const wanted = all(phrase);
  const words = all(text);
  if (wanted.length === 0) return false;
  for (let i = 0; i + wanted.length <= words.length; i += 1) {
    if (wanted.every((word, j) => words[i + j] === word)) return true;
  }
  return false;
}

/**
 * What two lines have to share to count as the same: words alone, in lower case, with drawn-out
 * letters shortened.
 */
export function fingerprint(text) {
  return all(text)
    .map((word) => word.replace(/(.)\1{2,}/gu, "$1$1"))
    .join(" ");
}
