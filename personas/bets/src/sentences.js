/** Sentences of a transcript, of which one segment may hold a part. */

/**
 * The sentences that ended after `since` milliseconds on the stream's clock, in order. What has no
 * end yet comes with a later context.
 *
 * @param {{start: number, end: number, text: string}[]} transcript
 * @param {number} since
 * @returns {string[]}
 */
export function sentences(transcript, since) {
  const found = [];
  let begun = "";
  for (const { end, text } of transcript) {
    for (const part of text.split(/(?<=[.?!…]["”']?)\s+/u)) {
      begun = begun === "" ? part : `${begun} ${part}`;
      if (!/[.?!…]["”']?$/u.test(part)) continue;
      if (end > since) found.push(begun.trim());
      begun = "";
    }
  }
  return found;
}
