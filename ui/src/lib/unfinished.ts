/** What one is writing in a room, kept while its page is loaded again. What is kept is read with distrust, like the settings. */

export interface Unfinished {
  readonly text: string;
  /** The id of the message that it answers. */
  readonly replyTo: string | null;
}

const NOTHING: Unfinished = { text: "", replyTo: null };

const keptAs = (room: string): string => `chatter.unfinished.${room}`;

/** What was kept, where the browser keeps anything. */
export function unfinished(room: string): Unfinished {
  try {
    const { text, replyTo } = JSON.parse(sessionStorage.getItem(keptAs(room)) ?? "{}") as Record<string, unknown>;
    return typeof text === "string" ? { text, replyTo: typeof replyTo === "string" ? replyTo : null } : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function keepUnfinished(room: string, { text, replyTo }: Unfinished): void {
  try {
    if (text === "" && replyTo === null) sessionStorage.removeItem(keptAs(room));
    else sessionStorage.setItem(keptAs(room), JSON.stringify({ text, replyTo }));
  } catch {
    // Then it is lost with the page.
  }
}
