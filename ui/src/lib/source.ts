import { timeOfDay } from "./clock";
import type { SourceStatus } from "./protocol";

/** Whoever plays a source tells of it every 5 s. */
const SILENT = 30_000;

const CONDITIONS: Record<SourceStatus["condition"], string> = {
  starting: "It is being opened",
  playing: "It plays",
  stalled: "It is open, but nothing comes",
  waiting: "It is waited for",
  ended: "It is over",
  failed: "It can’t be played",
};

/** How a source does, in sentences: its condition, who hears what is said, and since when nobody tells of it. */
export function tellSource(source: SourceStatus, now: number): { ill: boolean; lines: string[] } {
  const { condition, detail, hearing } = source;
  const since = timeOfDay(source.since);
  const lines = [`${CONDITIONS[condition]}${since ? ` since ${since}` : ""}${detail ? `: ${detail}` : ""}.`];
  const behind = Math.round((source.behind_ms ?? 0) / 1000);
  const late = behind >= 5 && hearing.by === "model" ? `, ${behind} s behind` : "";
  const words = {
    model: `Words are heard by ${hearing.name || "a model"}${late}`,
    subtitles: `Words are read from ${hearing.name || "subtitles"}`,
    nothing: "No words are heard",
  };
  lines.push(`${words[hearing.by]}${hearing.detail ? `: ${hearing.detail}` : ""}.`);
  const silent = now - Date.parse(source.at) > SILENT;
  if (silent) lines.push(`Nobody has told of it since ${timeOfDay(source.at)}.`);
  const going = condition === "starting" || condition === "playing" || condition === "ended";
  return { ill: silent || !going || Boolean(hearing.detail), lines };
}
