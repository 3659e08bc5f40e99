/** Commands: what one writes behind a slash. The gateway carries them out; this is what the page says of them. */

import type { Choice } from "./completion";

export interface Command {
  readonly name: string;
  /** What follows the name: `NAME`, and what may be left out in brackets. */
  readonly takes: string;
  readonly does: string;
  /** Whether everybody may use it. */
  readonly open?: boolean;
}

/** As the gateway has them: see docs/protocols.md. */
export const COMMANDS: readonly Command[] = [
  { name: "help", takes: "", does: "lists the commands", open: true },
  { name: "timeout", takes: "NAME [SECONDS|10m] [REASON]", does: "keeps somebody from speaking for a while" },
  { name: "untimeout", takes: "NAME", does: "ends a time-out" },
  { name: "ban", takes: "NAME [REASON]", does: "keeps somebody from speaking" },
  { name: "unban", takes: "NAME", does: "ends a ban" },
  { name: "delete", takes: "ID", does: "takes back one message" },
  { name: "clear", takes: "", does: "takes back all messages" },
  { name: "slow", takes: "[SECONDS]", does: "one message at a time, with a pause between" },
  { name: "slowoff", takes: "", does: "ends slow mode" },
  { name: "known", takes: "[MINUTES]", does: "only those may speak who have been known for a while" },
  { name: "followers", takes: "[MINUTES]", does: "the same as /known" },
  { name: "knownoff", takes: "", does: "everybody may speak" },
  { name: "emoteonly", takes: "", does: "nothing but emotes" },
  { name: "emoteonlyoff", takes: "", does: "words again" },
  { name: "unique", takes: "", does: "nothing is said twice" },
  { name: "uniqueoff", takes: "", does: "things may be said twice" },
  { name: "mod", takes: "NAME", does: "lets somebody moderate here" },
  { name: "unmod", takes: "NAME", does: "lets somebody moderate no more" },
];

const BY_NAME = new Map(COMMANDS.map((command) => [command.name, command]));

/** The name of the command that a text is, whether there is one of that name or not; null if it is no command. */
export function named(text: string): string | null {
  return /^\/(\S*)/.exec(text)?.[1]?.toLowerCase() ?? null;
}

/** How a command is written: `/ban NAME [REASON]`. */
export const usage = ({ name, takes }: Command): string => `/${name}${takes === "" ? "" : ` ${takes}`}`;

/** The command that somebody is writing; null if they are writing something else. */
export function writing(text: string, moderates: boolean): Command | null {
  const command = BY_NAME.get(named(text) ?? "");
  return command && (moderates || command.open) ? command : null;
}

/** Why a text is not to be sent; null if it is. */
export function refusal(text: string, moderates: boolean): string | null {
  const name = named(text);
  if (name === null) return null;
  const command = BY_NAME.get(name);
  if (!command) return `There is no command /${name}: /help lists those there are`;
  if (!command.open && !moderates) return `/${name} is for moderators`;
  const needs = command.takes.startsWith("[") || command.takes === "" ? 0 : 1;
  if (text.trim().split(/\s+/).length - 1 < needs) return `Something is missing: ${usage(command)}`;
  return null;
}

/** Those that one may use, for the send box to offer. */
export const choices = (moderates: boolean): readonly Choice[] =>
  COMMANDS.filter(({ open }) => moderates || open).map((command) => ({
    kind: "command",
    term: command.name,
    about: command.takes === "" ? command.does : `${command.takes} – ${command.does}`,
  }));
