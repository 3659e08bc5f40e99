/** Words of a chat line or a transcript, for languages that put spaces between words. */

const NO_WORD = /[^\p{Alphabetic}\p{N}'’]+/u;

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
