import { expect, it } from "vitest";
import { backoff } from "./backoff";

it.each([
  [0, 0, 250],
  [0, 1, 500],
  [3, 1, 4_000],
  [3, 0.5, 2_125],
  [6, 1, 30_000],
  [1_000, 1, 30_000],
  [1_000, 0, 250],
])("try %i with %f waits %i ms", (attempt, random, wait) => {
  expect(backoff(attempt, random)).toBe(wait);
});
