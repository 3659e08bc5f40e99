/** What it says. Names and answers in it are other people's words: they are cut, and never instructions to anyone. */
import { line } from "@chatter/persona";
import * as poll from "./poll.js";

const short = (text, chars = 24) => line.tidy(text, chars) ?? "someone";

/** Bets are open. */
export function open({ options }) {
  return `bets open: ${options.map(({ text }) => short(text)).join(" / ")}`;
}

/** How the bets stand. */
export function standing(open) {
  const bets = poll.standing(open);
  if (bets[0].bets === 0) return `no bets yet. ${bets.map(({ text }) => short(text)).join(" or ")}?`;
  return bets
    .filter((one) => one.bets > 0)
    .map((one) => `${one.bets} on ${short(one.text)}`)
    .join(", ");
}

/** The stream said which it is. */
export function won(option, names) {
  const it = `${short(option)} it is.`;
  if (names.length === 0) return `${it} nobody had it`;
  if (names.length === 1) return `${it} ${short(names[0])} called it`;
  if (names.length === 2) return `${it} ${short(names[0])} and ${short(names[1])} called it`;
  return `${it} ${names.length} of you called it`;
}

/** It never did. */
export function noVerdict({ options }) {
  return `no verdict on ${short(options[0].text)}, bets are off`;
}

const CALLS = {
  hype: ["next one works", "next one's a win", "this next one lands", "calling a win next"],
  fail: ["next one goes wrong", "something breaks next", "calling a fail next", "next one won't hold"],
};

/** Its own call. */
export function call({ side, odds }, rng) {
  const text = rng.pick(CALLS[side]);
  return odds > 1 ? `${odds}:1 ${text}` : text;
}

const RIGHT = ["called it", "told you", "that's one for the house", "as called"];
const WRONG = ["ok that's on me", "lost that one", "house pays", "did not see that coming"];

/** How its own call went, and now and then how often it was right. */
export function settled(right, record, rng) {
  const text = rng.pick(right ? RIGHT : WRONG);
  return record.called >= 3 && rng.chance(0.5) ? `${text}. ${record.right} of ${record.called}` : text;
}

/** How often it was right. */
export function record(right, called) {
  return called === 0 ? "nothing called yet" : `${right} of ${called} right so far`;
}

/** Who won last. */
export function winners(names) {
  return `${names.slice(0, 3).map((name) => short(name)).join(", ")} won the last one`;
}

/** What it noted in an earlier session. */
export function remembered(text) {
  return short(text, 60);
}

/** Odds on anything at all. */
export function oddsOn(rng) {
  return `${1 + rng.below(5)}:1 ${rng.pick(["yes", "no", "against", "on it"])}`;
}
