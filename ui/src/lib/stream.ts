/** What the stream says now, put in words. */

import type { StreamNow } from "./protocol";

const KINDS: Readonly<Record<string, string>> = {
  chat_question: "To the chat",
  question: "Question",
  hype: "Hype",
  laughter: "Laughter",
  fail: "Fail",
  silence: "Silence",
  topic_change: "New topic",
  stream_start: "Start",
  stream_end: "End",
};

/** An event's kind in words; the list is open. */
export function kind(of: string): string {
  const words = of.replaceAll("_", " ").trim();
  return KINDS[of] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** A time on the stream's clock: `1:02:03`, without hours that are none. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** For so long a question to the chat is put before it, in milliseconds of the stream. */
export const ASKED = 45_000;

/** The question to put before the chat; null if there is none, or it is old. */
export function question(stream: StreamNow | null): { id: string; text: string; left: number } | null {
  const asked = stream?.chat_question;
  if (!stream || !asked) return null;
  const left = ASKED - (stream.position_ms - asked.at_ms);
  return left > 0 ? { id: asked.id, text: asked.text, left } : null;
}
