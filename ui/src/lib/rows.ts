/**
 * What the list shows of the log: a row for each message, or one for many that say the same. Rows are made of what
 * has come since the last time; only when lines went or came elsewhere all are made again.
 */

import type { Line } from "./log";

/** Messages that say the same are folded as long as no more than this lies between two of them, in milliseconds. */
export const WITHIN = 30_000;

/** At most so many folds are open at a time. */
const MOST_OPEN = 256;

export interface Edition {
  readonly lines: readonly Line[];
  /** Changes when lines go, come at the beginning, or become others. */
  readonly edition: number;
}

export interface Row {
  readonly line: Line;
  /** The messages after it that say the same, the oldest first. */
  readonly repeats: readonly Line[];
  /** Whether it is an odd one, where every other row is shaded. It stays what it is. */
  readonly odd: boolean;
}

export class Rows {
  #rows: Row[] = [];
  #taken = 0;
  #edition = -1;
  #fold = false;
  /** Rows that a message may be folded into, by what they say: their place. The longest quiet first. */
  readonly #open = new Map<string, number>();
  /** The offset of the line that was taken last. */
  #newest = -Infinity;
  #mark: number | null = null;

  /**
   * The rows of these lines; of an edition that is known only more have come at the end. `fold` folds; `alone` says of
   * a line that it is never folded. What is beyond the offset `mark` is new: it is not folded into what is not.
   */
  of({ lines, edition }: Edition, fold: boolean, alone: (line: Line) => boolean, mark: number | null = null): readonly Row[] {
    this.#mark = mark;
    if (fold === this.#fold && edition === this.#edition) {
      for (const line of lines.slice(this.#taken)) this.#add(line, fold && !alone(line));
    } else this.#again(lines, fold, alone);
    this.#taken = lines.length;
    this.#edition = edition;
    this.#fold = fold;
    return [...this.#rows];
  }

  /** Makes all anew. Rows that were there already keep their shade, and those before them take turns with them. */
  #again(lines: readonly Line[], fold: boolean, alone: (line: Line) => boolean): void {
    const shades = new Map(this.#rows.map(({ line, odd }) => [line.message.id, odd]));
    const first = lines.findIndex(({ message }) => shades.has(message.id));
    const odd = first >= 0 && shades.get(lines[first]!.message.id) === (first % 2 === 0);
    this.#rows = [];
    this.#open.clear();
    this.#newest = -Infinity;
    for (const line of lines) {
      const known = shades.get(line.message.id);
      this.#add(line, fold && !alone(line), known ?? (this.#rows.length === 0 ? odd : undefined));
    }
  }

  #add(line: Line, fold: boolean, odd = !(this.#rows.at(-1)?.odd ?? true)): void {
    if (this.#mark !== null && this.#newest <= this.#mark && line.offset > this.#mark) this.#open.clear();
    this.#newest = line.offset;
    const said = fold ? plain(line.message.text) : "";
    const at = said === "" ? undefined : this.#open.get(said);
    const row = at === undefined ? undefined : this.#rows[at];
    if (at !== undefined && row && since(row, line) <= WITHIN) {
      this.#rows[at] = { ...row, repeats: [...row.repeats, line] };
      this.#open.delete(said);
      this.#open.set(said, at);
      return;
    }
    this.#rows.push({ line, repeats: [], odd });
    if (said === "") return;
    this.#open.delete(said);
    this.#open.set(said, this.#rows.length - 1);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MOST_OPEN) break;
      this.#open.delete(oldest);
    }
  }
}

/** Where a message is among rows, its own or the one that it is folded into; -1 if it is in none. */
export function place(rows: readonly Row[], id: string): number {
  const own = rows.findIndex(({ line }) => line.message.id === id);
  return own >= 0 ? own : rows.findIndex(({ repeats }) => repeats.some(({ message }) => message.id === id));
}

/**
 * The first row that begins after this offset of the newest log; -1 if there is none. It is looked for from the end:
 * before the rows of that log may be those of another, whose offsets are higher.
 */
export function firstAfter(rows: readonly Row[], offset: number): number {
  const first = rows.findLastIndex(({ line }) => line.offset <= offset) + 1;
  return first < rows.length ? first : -1;
}

function since({ line, repeats }: Row, later: Line): number {
  return Date.parse(later.message.sent_at) - Date.parse((repeats.at(-1) ?? line).message.sent_at);
}

/** What makes no difference to what is said: letter case, spaces, and how many marks are at the end. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/([!?.])[!?.]+$/, "$1")
    .trim();
}
