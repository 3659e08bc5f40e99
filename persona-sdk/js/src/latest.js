/**
 * Adds a text to a list of the latest ones, oldest first, and drops what is beyond `most`. If it is
 * there already it only moves to the end. For ids that one has reacted to and lines that one has said.
 *
 * @param {string[]} list
 * @param {string} text
 * @param {number} most
 * @returns {boolean} whether it is new
 */
export function keepLatest(list, text, most) {
  const known = list.indexOf(text);
  if (known >= 0) list.splice(known, 1);
  list.push(text);
  if (list.length > most) list.splice(0, list.length - most);
  return known < 0;
}
