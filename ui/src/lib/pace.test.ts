import { expect, it } from "vitest";
import type { Line } from "./log";
import { perMinute } from "./pace";

const NOW = Date.parse("2026-01-31T12:00:00.000Z");

const line = (ago: number): Line => ({
  offset: 1,
  gap: false,
  message: {
    v: 1,
    id: "id",
    room_id: "main/lobby",
    author: { id: "guest:ana", name: "ana", kind: "viewer" },
    text: "hi",
    sent_at: new Date(NOW - ago).toISOString(),
  },
});

it.each([
  [[], 0],
  [[90_000, 61_000, 59_000, 10], 2],
  [[120_000], 0],
])("of messages %j ms ago the last minute has %i", (ago, count) => {
  expect(perMinute(ago.map(line), NOW)).toBe(count);
});
