/** What one has written before, gone through from the send box as on a command line. Pure. */

/** So many are kept. */
const KEPT = 50;

export interface Recall {
  /** The oldest first. */
  readonly said: readonly string[];
  /** Which of them is in the box; their number if none is. */
  readonly at: number;
}

export const NOTHING: Recall = { said: [], at: 0 };

/** Takes what was sent. The same twice in a row is kept once. */
export function keep({ said }: Recall, text: string): Recall {
  const all = said.at(-1) === text ? said : [...said, text].slice(-KEPT);
  return { said: all, at: all.length };
}

/**
 * The one before (-1) or after (1) what is in the box, which is empty after the last; null if there is none. What was
 * begun by hand is not written over.
 */
export function step({ said, at }: Recall, by: -1 | 1, written: string): { recall: Recall; text: string } | null {
  const from = written === "" ? said.length : written === said[at] ? at : null;
  const to = from === null ? -1 : from + by;
  if (to < 0 || to > said.length) return null;
  return { recall: { said, at: to }, text: said[to] ?? "" };
}
