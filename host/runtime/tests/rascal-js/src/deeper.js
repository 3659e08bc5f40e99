/** Code of the author's in another file, with a mistake in it. */
export function deeper(turn) {
  const mood = turn.moods;
  return mood.first;
}
