import { describe, expect, it } from "vitest";
import css from "../styles/tokens.css?raw";
import { CONTRAST, contrast, inTheme, ownColour, readable } from "./colour";
import { BACKGROUNDS } from "./look.svelte";

/** The value of a token in the page's style sheet. */
function token(name: string, theme: "light" | "dark"): string {
  const value = new RegExp(`${name}:\\s*([^;]+);`).exec(css)?.[1];
  if (!value) throw new Error(`tokens.css has no ${name}`);
  return inTheme(value, theme);
}

/** All hues in steps of 5 degrees, at each of some saturations and lightnesses. */
const colours = [0, 0.3, 0.7, 1].flatMap((saturation) =>
  [0.02, 0.2, 0.5, 0.8, 0.98].flatMap((lightness) =>
    Array.from({ length: 72 }, (_, step) => hsl(step * 5, saturation, lightness)),
  ),
);

function hsl(hue: number, saturation: number, lightness: number): string {
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

describe.each(["light", "dark"] as const)("in the %s theme", (theme) => {
  const backgrounds = BACKGROUNDS.map((name) => token(name, theme));

  it("every colour of a name is readable on every background", () => {
    const unreadable = colours.filter((colour) => {
      const shown = readable(colour, backgrounds);
      return shown === null || backgrounds.some((back) => contrast(shown, back) < CONTRAST);
    });
    expect(unreadable).toEqual([]);
  });

  it.each(["--text", "--faint", "--accent", "--wrong", "--warm"])("%s is readable on every background", (name) => {
    const low = BACKGROUNDS.filter((back) => contrast(token(name, theme), token(back, theme)) < CONTRAST);
    expect(low).toEqual([]);
  });

  it("words on a button are readable", () => {
    expect(contrast(token("--on-accent", theme), token("--accent", theme))).toBeGreaterThanOrEqual(CONTRAST);
  });
});

describe("contrast", () => {
  // The first two by definition, the others by the formula of WCAG 2.2.
  it.each([
    ["#000000", "#ffffff", 21],
    ["#123456", "#123456", 1],
    ["#777777", "#ffffff", 4.48],
    ["#ff0000", "#ffffff", 4.0],
  ])("of %s and %s is %d", (one, other, ratio) => {
    expect(contrast(one, other)).toBeCloseTo(ratio, 1);
    expect(contrast(other, one)).toBeCloseTo(ratio, 1);
  });
});

describe("a readable colour", () => {
  it("is left alone if it is readable", () => {
    expect(readable("#7A0000", ["#ffffff"])).toBe("#7a0000");
  });

  it("keeps its hue", () => {
    // Yellow on white becomes a dark yellow: red and green stay far above blue.
    const shown = readable("#ffe600", ["#ffffff"]) ?? "";
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(shown.slice(at, at + 2), 16)) as [number, number, number];
    expect(Math.min(red, green)).toBeGreaterThan(blue + 60);
  });

  it.each([["red"], ["#fff"], ["#12345g"], ["url(x)"], [""]])("is none if %j is no colour", (colour) => {
    expect(readable(colour, ["#ffffff"])).toBeNull();
  });
});

it("an author without a colour has always the same, and others have others", () => {
  expect(ownColour("guest:ana")).toBe(ownColour("guest:ana"));
  expect(new Set(["guest:ana", "guest:ben", "guest:cleo", "guest:dan"].map(ownColour)).size).toBe(4);
  expect(ownColour("guest:ana")).toMatch(/^#[0-9a-f]{6}$/);
});

it.each([
  ["light-dark(#ffffff, #000000)", "#ffffff", "#000000"],
  [" light-dark( #ABCDEF,#123456 ) ", "#ABCDEF", "#123456"],
  ["#ff0000", "#ff0000", "#ff0000"],
])("the token %j is %s in light and %s in dark", (value, light, dark) => {
  expect([inTheme(value, "light"), inTheme(value, "dark")]).toEqual([light, dark]);
});
