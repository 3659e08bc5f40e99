/** The room's recording, played in step: where it is, and what a player does to be there, too. */

import type { Playing } from "./protocol";

/** What is known of the server's clock, in milliseconds. */
export interface Ahead {
  /** So far it is ahead of this machine's. */
  readonly by: number;
  /** So far off that may be. */
  readonly slack: number;
}

/** With each answer that tells less, what was told before counts for so much less, in milliseconds: clocks drift. */
const WEARS = 5;

/**
 * Takes in an answer that told the server's time, between which two moments of this machine's clock it
 * did so: the quickest answers tell most (RFC 5905, section 8). One that contradicts what was known shows that a clock
 * was set.
 */
export function ahead(before: Ahead | null, asked: number, told: number, answered: number): Ahead {
  const slack = Math.max(0, answered - asked) / 2;
  const by = told - (asked + answered) / 2;
  if (!before || slack <= before.slack || Math.abs(by - before.by) > slack + before.slack) return { by, slack };
  return { by: before.by, slack: before.slack + WEARS };
}

/** A recording that plays. */
export interface Course {
  /** A moment of the server's clock, in milliseconds. */
  readonly at: number;
  /** Where in the recording it was then, in seconds. */
  readonly place: number;
  readonly speed: number;
  readonly loop: boolean;
  /** When it is over or begins again, in seconds; null if nobody has told. */
  readonly length: number | null;
}

/** A source may be told late by so much, in seconds, and is never told early: sound comes in pieces. */
const LATE = 1;

/** So much of a delay is taken for true each time it is told. */
const YIELDS = 0.1;

/** Takes in where the source was told to be at a moment of the server's clock. */
export function course(before: Course | null, at: number, told: Playing | null | undefined): Course | null {
  if (!told || Number.isNaN(at)) return null;
  const now: Course = {
    at,
    place: told.at_ms / 1000,
    speed: told.speed,
    loop: told.loop,
    length: told.length_ms == null ? null : told.length_ms / 1000,
  };
  if (!before || before.speed !== now.speed || before.loop !== now.loop) return now;
  const expected = wanted(before, at, now.length ?? before.length ?? Infinity);
  if (expected === null) return now;
  const late = expected - now.place;
  return late > 0 && late <= LATE * Math.max(1, now.speed) ? { ...now, place: expected - late * YIELDS } : now;
}

/** Where in a recording of so many seconds the source is at a moment of the server's clock; null if it is silent then. */
export function wanted(course: Course, at: number, duration: number): number | null {
  let place = course.place + ((at - course.at) / 1000) * course.speed;
  const period = course.length ?? duration;
  if (course.loop && period > 0 && Number.isFinite(period)) place = ((place % period) + period) % period;
  return place >= 0 && place < duration ? place : null;
}

/** Whether the recording begins again by itself just when the source does. */
export const loops = (course: Course, duration: number): boolean =>
  course.loop && (course.length === null || Math.abs(course.length - duration) < 0.25);

/** Speeds at which browsers play sound; others are silent in some. */
export const isHearable = (speed: number): boolean => speed >= 0.5 && speed <= 4;

/** A player that is so far off goes there at once, in seconds. */
const FAR = 1;

/** So far off is heard by nobody, in seconds; and so far is worth mending once it is being mended. */
const NEAR = 0.15;
const THERE = 0.03;

/** The most by which a player hurries or waits: more is heard as another pitch or tempo. */
const MOST = 0.05;

/** So much faster it plays for each second that it is behind. */
const PER_SECOND = 0.2;

export interface Step {
  /** How fast to play. */
  readonly rate: number;
  /** Whether to go there at once. */
  readonly jump: boolean;
}

/** How far behind a player is, in seconds, by the shortest way if it loops after so many. */
export function behind(wanted: number, current: number, period: number | null): number {
  const way = wanted - current;
  if (period === null || !(period > 0)) return way;
  return way - Math.round(way / period) * period;
}

/** What a player does that is so far behind, and plays at some rate now. */
export function step(behind: number, speed: number, rate: number): Step {
  if (Math.abs(behind) > FAR) return { rate: speed, jump: true };
  const mends = Math.abs(rate / speed - 1) > 1e-6;
  if (Math.abs(behind) < (mends ? THERE : NEAR)) return { rate: speed, jump: false };
  const more = Math.max(-MOST, Math.min(MOST, behind * PER_SECOND));
  return { rate: speed * (1 + more), jump: false };
}
