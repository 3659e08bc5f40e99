/** Commands: what one writes behind a slash. The gateway carries them out; this is what the page says of them. */

import table from "../../../protocol/commands.json";
import type { Choice } from "./completion";

export interface Command {
  readonly name: string;
  /** What follows the name: `NAME`, and what may be left out in brackets. */
  readonly takes: string;
  readonly does: string;
  readonly for: "everybody" | "moderators" | "operator";
  /** Other names of it, as they are known elsewhere. */
  readonly aliases?: readonly string[];
}

/** The gateway's own list: its tests hold it to this table. */
export const COMMANDS = table as readonly Command[];

const BY_NAME = new Map(COMMANDS.flatMap((command) => [command.name, ...(command.aliases ?? [])].map((name) => [name, command])));

/** The name of the command that a text is, whether there is one of that name or not; null if it is no command. */
export function named(text: string): string | null {
  return /^\s*\/(\S*)/.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** The longest text that the gateway takes, in characters: Unicode scalar values, not UTF-16 units. */
const LONGEST = 500;

/** The longest that a text may be, in characters, in a room whose messages have so many at most: that is no bound of commands. */
export const longest = (text: string, room: number = LONGEST): number => (named(text) === null ? room : LONGEST);

/** How a command is written: `/ban NAME [REASON]`. */
export const usage = ({ name, takes }: Command): string => `/${name}${takes === "" ? "" : ` ${takes}`}`;

/** Whether a page may use it. The operator has a token and no page: the page of who used it is a moderator's. */
const may = (command: Command, moderates: boolean): boolean =>
  command.for === "everybody" || (moderates && command.for === "moderators");

/** The command that somebody is writing; null if they are writing something else. */
export function writing(text: string, moderates: boolean): Command | null {
  const command = BY_NAME.get(named(text) ?? "");
  return command && may(command, moderates) ? command : null;
}

/** Why a text is not to be sent; null if it is. */
export function refusal(text: string, moderates: boolean): string | null {
  const name = named(text);
  if (name === null) return null;
  const command = BY_NAME.get(name);
  if (!command) return `There is no command /${name}: /help lists those there are`;
  if (!may(command, moderates)) return `/${name} is for ${command.for === "operator" ? "the operator" : "moderators"}`;
  const needs = command.takes.startsWith("[") || command.takes === "" ? 0 : 1;
  if (text.trim().split(/\s+/).length - 1 < needs) return `Something is missing: ${usage(command)}`;
  return null;
}

/** Those that one may use, for the send box to offer. */
export const choices = (moderates: boolean): readonly Choice[] =>
  COMMANDS.filter((command) => may(command, moderates)).map(({ name, takes, does }) => ({
    kind: "command",
    term: name,
    takes,
    about: does,
  }));
