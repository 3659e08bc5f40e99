/** What a parameter of the overlay's address can be: how it is read, written, and told to people. */

/** How a set-up page asks for it. */
export type Control =
  | { readonly as: "flag" }
  | { readonly as: "choice"; readonly values: readonly string[] }
  | { readonly as: "number"; readonly from: number; readonly to: number; readonly unit: string; readonly none: string | null }
  | { readonly as: "text" };

export interface Kind<T> {
  /** What it takes, as a sentence goes on after "takes". */
  readonly takes: string;
  readonly control: Control;
  /** What a text means; undefined if it means nothing here. */
  read(text: string): T | undefined;
  /** The text that means this. */
  write(value: T): string;
}

const YES = ["true", "1", "yes", "on", ""];
const NO = ["false", "0", "no", "off"];

/** A parameter without a value, as in `?animate`, is meant. */
export const flag: Kind<boolean> = {
  takes: "`true` or `false`",
  control: { as: "flag" },
  read: (text) => (YES.includes(text) ? true : NO.includes(text) ? false : undefined),
  write: String,
};

/** One of some words. `also` are other words for them: what other overlays call the same. */
export function choice<const T extends string>(values: readonly T[], also: Readonly<Record<string, T>> = {}): Kind<T> {
  const words = values.map((value) => `\`${value}\``);
  return {
    takes: `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
    control: { as: "choice", values },
    read: (text) => values.find((value) => value === text) ?? (Object.hasOwn(also, text) ? also[text] : undefined),
    write: (value) => value,
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  readonly also?: Readonly<Record<string, number>>;
}

/** A whole number. */
export function number({ from, to, unit, also = {} }: Range): Kind<number> {
  const words = Object.keys(also).filter((word) => /^[a-z]/.test(word));
  return {
    takes: [`${from} to ${to}${unit && ` ${unit}`}`, ...words.map((word) => `\`${word}\` (${also[word]})`)].join(", "),
    control: { as: "number", from, to, unit, none: null },
    read(text) {
      if (Object.hasOwn(also, text)) return also[text];
      const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
      return value >= from && value <= to ? value : undefined;
    },
    write: String,
  };
}

/** A whole number, or a word that says that there is none. `usual` is what `true` means. */
export function optional(range: Range, none: string, usual: number): Kind<number | null> {
  const some = number(range);
  return {
    takes: `${some.takes}, or \`${none}\``,
    control: { as: "number", from: range.from, to: range.to, unit: range.unit, none },
    read: (text) => (text === none || NO.includes(text) ? null : text === "true" ? usual : some.read(text)),
    write: (value) => (value === null ? none : some.write(value)),
  };
}

/** The name of a font. It becomes part of a style: no quotes, no commas. */
export const font: Kind<string> = {
  takes: "the name of a font that the computer with the streaming software has",
  control: { as: "text" },
  read: (text) => (text === "" || /^\p{L}[\p{L}\p{N} ._-]{0,63}$/u.test(text) ? text.trim() : undefined),
  write: (value) => value,
};

/** More names than this are a mistake. */
const MOST_NAMES = 100;

/** Names, with commas between. */
export const names: Kind<readonly string[]> = {
  takes: `up to ${MOST_NAMES} names, with commas between`,
  control: { as: "text" },
  read(text) {
    const found = text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    return found.length <= MOST_NAMES ? found : undefined;
  },
  write: (value) => value.join(","),
};
