import { expect, test } from "vitest";
import { timeOfDay } from "./clock";
import type { SourceStatus } from "./protocol";
import { tellSource } from "./source";

const at = "2026-01-31T12:00:00.000Z";
const now = Date.parse(at) + 4000;
const source = (change: Partial<SourceStatus>): SourceStatus => ({
  v: 1,
  room_id: "main/lobby",
  source: "talk.mp3",
  condition: "playing",
  since: at,
  hearing: { by: "model", name: "whisper tiny" },
  behind_ms: 1200,
  at,
  ...change,
});
const since = timeOfDay(at);

test.each([
  ["all is well", {}, now, false, `It plays since ${since}.`, "Words are heard by whisper tiny."],
  ["the machine is slow", { behind_ms: 7400 }, now, false, "Words are heard by whisper tiny, 7 s behind."],
  ["nothing comes", { condition: "stalled" }, now, true, `It is open, but nothing comes since ${since}.`],
  ["it failed", { condition: "failed", detail: "it is no media" }, now, true, `It can’t be played since ${since}: it is no media.`],
  ["the model is missing", { hearing: { by: "nothing", detail: "tiny is not here" } }, now, true, "No words are heard: tiny is not here."],
  ["nobody is to listen", { hearing: { by: "nothing" } }, now, false, "No words are heard."],
  ["by subtitles", { hearing: { by: "subtitles", name: "talk.vtt" } }, now, false, "Words are read from talk.vtt."],
  ["nobody tells", {}, now + 60_000, true, `Nobody has told of it since ${since}.`],
] as [string, Partial<SourceStatus>, number, boolean, ...string[]][])("%s", (_, change, at, ill, ...lines) => {
  const told = tellSource(source(change), at);
  expect(told.ill).toBe(ill);
  for (const line of lines) expect(told.lines).toContain(line);
});
