import { describe, expect, it } from "vitest";
import docs from "../../../docs/overlay.md?raw";
import { NAMES, PARAMETERS, USUAL, change, read, write, written, type Name, type Options } from "./options";

const of = (query: string) => read(new URLSearchParams(query));

describe("an address", () => {
  it.each<[query: string, said: Partial<Options>]>([
    ["", {}],
    ["size=40", { size: 40 }],
    ["size=small", { size: 20 }],
    ["size=3", { size: 40 }],
    ["font=Comic%20Neue", { font: "Comic Neue" }],
    ["font=", { font: "" }],
    ["stroke=thick", { stroke: "thick" }],
    ["stroke=0", { stroke: "none" }],
    ["stroke=4", { stroke: "thick" }],
    ["shadow=false", { shadow: "none" }],
    ["shadow=LARGE", { shadow: "large" }],
    ["background=60", { background: 60 }],
    ["fade=12", { fade: 12 }],
    ["fade=true", { fade: 30 }],
    ["fade=1", { fade: 1 }],
    ["fade=false", { fade: null }],
    ["fade=never", { fade: null }],
    ["animate=false", { animate: false }],
    ["small_caps", { small_caps: true }],
    ["bots=0&badges=off&hide_commands=yes&hide_replies=1", { bots: false, badges: false, hide_commands: true, hide_replies: true }],
    ["names=above", { names: "above" }],
    ["names=false", { names: "off" }],
    ["align=right&direction=down", { align: "right", direction: "down" }],
    ["max=5", { max: 5 }],
    ["block=Nightbot,%20Stream%20Elements%20,,", { block: ["Nightbot", "Stream Elements"] }],
    ["BOTS=False", { bots: false }],
    ["setup&bots=false", { bots: false }],
    ["size=20&size=40", { size: 40 }],
  ])("%j says %j", (query, said) => {
    expect(of(query)).toEqual({ options: { ...USUAL, ...said }, wrong: [] });
  });

  it.each([
    ["size=7", "size: takes 8 to 200 px, small (20), medium (28), large (40), not “7”"],
    ["size=20px", "size: takes 8 to 200 px, small (20), medium (28), large (40), not “20px”"],
    ["size=constructor", "size: takes 8 to 200 px, small (20), medium (28), large (40), not “constructor”"],
    ["stroke=huge", "stroke: takes none, thin, medium or thick, not “huge”"],
    ["stroke=toString", "stroke: takes none, thin, medium or thick, not “toString”"],
    ["fade=-1", "fade: takes 1 to 3600 s, or never, not “-1”"],
    ["fade=0.5", "fade: takes 1 to 3600 s, or never, not “0.5”"],
    ["bots=maybe", "bots: takes true or false, not “maybe”"],
    ["max=0", "max: takes 1 to 200, not “0”"],
    ["font=a%22%3B%20color", "font: takes the name of a font that the computer with the streaming software has, not “a\"; color”"],
    [`block=${"x,".repeat(101)}`, `block: takes up to 100 names, with commas between, not “${"x,".repeat(20)}…”`],
    ["hide_command=true", `hide_command: there is no such parameter; there are ${NAMES.join(", ")}`],
    ["__proto__=1", `__proto__: there is no such parameter; there are ${NAMES.join(", ")}`],
  ])("%j is told, and the usual holds", (query, sentence) => {
    expect(of(query)).toEqual({ options: USUAL, wrong: [sentence] });
  });

  it("with something wrong says the rest all the same", () => {
    const { options, wrong } = of("max=none&align=center&fonts=x");
    expect([options.align, options.max, wrong.length]).toEqual(["center", USUAL.max, 2]);
  });
});

/** Another value than the usual one for each parameter. */
const OTHER: Options = {
  size: 41,
  font: "Comic Neue",
  stroke: "thick",
  shadow: "none",
  background: 50,
  small_caps: true,
  align: "center",
  direction: "down",
  names: "above",
  badges: false,
  large_emotes: false,
  animate: false,
  fade: 45,
  max: 7,
  bots: false,
  hide_commands: true,
  hide_replies: true,
  block: ["Night bot", "ßtream"],
};

describe("writing", () => {
  it("leaves out what is as usual", () => expect(write(USUAL)).toBe(""));

  it("says what is read back", () => {
    expect(of(write(OTHER))).toEqual({ options: OTHER, wrong: [] });
  });

  it.each(NAMES)("%s alone is all that an address says", (name) => {
    const query = write({ ...USUAL, [name]: OTHER[name] });
    expect([...new URLSearchParams(query).keys()]).toEqual([name]);
  });
});

describe("a change in the form", () => {
  it.each<[Name, string, unknown]>([
    ["max", "9", 9],
    ["fade", "never", null],
    ["block", "a, b", ["a", "b"]],
  ])("of %s to %j", (name, text, value) => expect(change(USUAL, name, text)?.[name]).toEqual(value));

  it.each<[Name, string]>([
    ["max", ""],
    ["size", "5"],
    ["font", "a,b"],
  ])("of %s to %j is none", (name, text) => expect(change(USUAL, name, text)).toBeNull());
});

it("docs/overlay.md has every parameter as it is", () => {
  const rows = NAMES.map((name) => {
    const { kind, about } = PARAMETERS[name];
    return `| \`${name}\` | ${kind.takes} | ${written(name, USUAL) && `\`${written(name, USUAL)}\``} | ${about} |`;
  });
  const table = docs.split("\n").filter((line) => line.startsWith("| `"));
  expect(table).toEqual(rows);
});
