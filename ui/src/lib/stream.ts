/** What the stream says now, put in words. */

import type { Segment, StreamNow } from "./protocol";

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

/** A line of what is said, on the stream's clock. */
export interface Caption {
  start_ms: number;
  text: string;
}

/** A sentence's end, whatever closes behind it. */
const ENDS = /[.!?…。．！？؟۔।॥։][\p{Pe}\p{Pf}"']*$/u;

/** After so long another sentence begins, in milliseconds of the stream. */
const PAUSE = 2_000;

/** A sentence of more characters has several lines: not everybody sets full stops. */
const LONG = 120;

/** Each of these begins where the stream has come to a multiple of so many milliseconds: whatever is known of the sentence, the
 * lines of what was said stay as they are while it goes on. */
const SLOT = 10_000;

/** Of scripts that set no spaces between words. */
const UNSPACED = "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]";
const JOINS = new RegExp(`${UNSPACED}\n${UNSPACED}`, "u");

/** What was said, a line for each sentence: speech is taken down in pieces of some words, and a piece goes on with the line
 * that it belongs to. */
export function captions(segments: readonly Segment[]): Caption[] {
  const ends = ({ text, end_ms }: Segment, next: Segment) => ENDS.test(text) || next.start_ms - end_ms >= PAUSE;
  const slots = (before: Segment, next: Segment) => Math.floor(before.start_ms / SLOT) !== Math.floor(next.start_ms / SLOT);
  return split(segments, ends)
    .flatMap((sentence) => (line(sentence).text.length > LONG ? split(sentence, slots) : [sentence]))
    .map(line);
}

/** Divides them wherever it ends with one and begins with the next. */
function split(segments: readonly Segment[], ends: (before: Segment, next: Segment) => boolean): Segment[][] {
  const parts: Segment[][] = [];
  let part: Segment[] = [];
  for (const segment of segments) {
    const before = part.at(-1);
    if (!before || ends(before, segment)) parts.push((part = []));
    part.push(segment);
  }
  return parts;
}

function line(segments: readonly Segment[]): Caption {
  const join = (text: string, next: string) => text + (JOINS.test(`${text}\n${next}`) ? "" : " ") + next;
  const text = segments.map((segment) => segment.text).reduce(join);
  return { start_ms: segments[0]?.start_ms ?? 0, text };
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
