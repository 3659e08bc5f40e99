/**
 * Colours of names: an author's hue, as light or dark as it takes to be read on the page's
 * backgrounds.
 */

/** WCAG 2.2, success criterion 1.4.3: what text of usual size needs. */
export const CONTRAST = 4.5;

type Triple = readonly [number, number, number];

/** Red, green and blue of `#rrggbb`, each 0 to 1, in linear light; null if it is none. */
function linear(hex: string): Triple | null {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) return null;
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** `#rrggbb`, as it is shown: each channel as one of 256 steps. */
function hex(rgb: Triple): string {
  const channel = (value: number) => {
    const encoded = value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(1, Math.max(0, encoded)) * 255)
      .toString(16)
      .padStart(2, "0");
  };
  return `#${channel(rgb[0])}${channel(rgb[1])}${channel(rgb[2])}`;
}

/** Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance). */
const luminance = ([r, g, b]: Triple): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** The contrast ratio of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). */
export function contrast(one: string, other: string): number {
  const [a, b] = [linear(one), linear(other)].map((rgb) => (rgb ? luminance(rgb) : 0)) as [number, number];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Lightness, chroma and hue in radians of OKLCH (Ottosson 2020, https://bottosson.github.io/posts/oklab/). */
function toOklch([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return [lightness, Math.hypot(a, bb), Math.atan2(bb, a)];
}

function fromOklch([lightness, chroma, hue]: Triple): Triple {
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The colour of this lightness and hue with as much of the chroma as a screen can show. */
function shown(lightness: number, chroma: number, hue: number): string {
  const inside = (rgb: Triple) => rgb.every((value) => value >= -0.0005 && value <= 1.0005);
  let [low, high] = [0, chroma];
  if (inside(fromOklch([lightness, chroma, hue]))) low = chroma;
  for (let step = 0; step < 12 && high - low > 0.001; step++) {
    const middle = (low + high) / 2;
    if (inside(fromOklch([lightness, middle, hue]))) low = middle;
    else high = middle;
  }
  return hex(fromOklch([lightness, low, hue]));
}

/**
 * The colour nearest in lightness to `colour` that has enough contrast to each of `backgrounds`;
 * hue and, as far as a screen can show it, chroma stay. All are `#rrggbb`; null if one is not.
 */
export function readable(colour: string, backgrounds: readonly string[]): string | null {
  const own = linear(colour);
  if (!own || !backgrounds.every(linear)) return null;
  const enough = (candidate: string) => backgrounds.every((back) => contrast(candidate, back) >= CONTRAST);
  if (enough(colour)) return colour.toLowerCase();
  const [lightness, chroma, hue] = toOklch(own);
  // Which way there is more room is the backgrounds' doing: away from them.
  const away = backgrounds.every((back) => contrast("#ffffff", back) >= contrast("#000000", back)) ? 1 : -1;
  for (let step = 1; step <= 100; step++) {
    const next = lightness + (away * step) / 100;
    if (next < 0 || next > 1) break;
    const candidate = shown(next, chroma, hue);
    if (enough(candidate)) return candidate;
  }
  return away === 1 ? "#ffffff" : "#000000";
}

/** A colour for an author who brings none: the same for the same id. */
export function ownColour(id: string): string {
  // FNV-1a (RFC 9923), 32 bits.
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return shown(0.68, 0.13, ((hash >>> 0) / 2 ** 32) * 2 * Math.PI);
}

/** The value of a token that is `light-dark(#rrggbb, #rrggbb)`, or one colour for both. */
export function inTheme(token: string, theme: "light" | "dark"): string {
  const pair = /^light-dark\(\s*(#[0-9a-f]{6})\s*,\s*(#[0-9a-f]{6})\s*\)$/i.exec(token.trim());
  return (theme === "light" ? pair?.[1] : pair?.[2]) ?? token.trim();
}
