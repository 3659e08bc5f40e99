/**
 * What the page knows of a room's log, and how each frame changes it. Pure: nothing here waits,
 * reads a clock or touches the page.
 *
 * A log is in the order of its offsets, holds each once, and marks every place at which something
 * is missing.
 */

import type { ChatMessage, MessagesPage, ServerFrame } from "./protocol";

/** How many messages the page keeps. */
export const KEPT = 500;

export interface Line {
  readonly offset: number;
  readonly message: ChatMessage;
  /** Whether messages before this one were lost. */
  readonly gap: boolean;
}

export interface Log {
  /** In which log the offsets count; null before anything is known. */
  readonly epoch: string | null;
  /** The newest offset that is known; null before anything is known. */
  readonly newest: number | null;
  readonly lines: readonly Line[];
  /** Whether what comes next does not follow on what is here. */
  readonly broken: boolean;
}

export const EMPTY: Log = { epoch: null, newest: null, lines: [], broken: false };

/** What a frame has done: `missed` says that the log has a hole which only coming back can fill. */
export interface Applied {
  readonly log: Log;
  readonly missed: boolean;
}

/** Takes a page of history, which is where the page begins. */
export function begin(page: MessagesPage): Log {
  const lines = page.messages.map(({ offset, message }) => ({ offset, message, gap: false }));
  return { epoch: page.epoch, newest: lines.at(-1)?.offset ?? 0, lines: lines.slice(-KEPT), broken: false };
}

/** Takes a frame from the gateway. */
export function apply(log: Log, frame: ServerFrame): Applied {
  switch (frame.type) {
    case "hello":
      return { log: hello(log, frame), missed: false };
    case "message":
      return message(log, frame.offset, frame.message);
    case "remove":
      return { log: { ...log, lines: log.lines.filter((line) => line.message.id !== frame.id) }, missed: false };
    default:
      return { log, missed: false };
  }
}

/** Where the connection goes on, as the query of its address. */
export function resume(log: Log): string {
  if (log.newest === null || log.epoch === null) return "";
  return `?${new URLSearchParams({ after: String(log.newest), epoch: log.epoch })}`;
}

function hello(log: Log, frame: Extract<ServerFrame, { type: "hello" }>): Log {
  const { epoch, offset, recovered } = frame;
  if (log.epoch === null || log.newest === null) return { ...log, epoch, newest: offset };
  if (epoch === log.epoch && recovered) return log;
  // What the log still holds comes next, from its start; what is on the page already stays, and its
  // ids keep it from being shown twice.
  return { ...log, epoch, newest: null, broken: log.lines.length > 0 };
}

function message(log: Log, offset: number, message: ChatMessage): Applied {
  if (log.newest !== null && offset <= log.newest) return { log, missed: false };
  if (log.newest !== null && offset > log.newest + 1) return { log, missed: true };
  const advanced = { ...log, newest: offset };
  if (log.lines.some((line) => line.message.id === message.id)) return { log: advanced, missed: false };
  const lines = [...log.lines, { offset, message, gap: log.broken }].slice(-KEPT);
  return { log: { ...advanced, lines, broken: false }, missed: false };
}
