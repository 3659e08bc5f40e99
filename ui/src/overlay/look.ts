/** How the overlay's letters look, as styles: computed here, since their lengths go with the text. */

import { ownColour, readable } from "../lib/colour";
import type { Author } from "../lib/protocol";
import type { Options } from "./options";

/** The colour of outlines and shadows. */
export const DARK = "#101014";

/** Names are as light as if they stood on this: what is behind them is dark around the letters, and anything beyond. */
const BEHIND = "#2e2e38";

/** How thick the outline is, in parts of the text's size. */
const STROKES: Readonly<Record<Options["stroke"], number>> = { none: 0, thin: 0.045, medium: 0.07, thick: 0.11 };

/** How far the shadow reaches, and how often it is laid over itself: once is hardly seen on a bright picture. */
const SHADOWS: Readonly<Record<Options["shadow"], readonly [reach: number, times: number]>> = {
  none: [0, 0],
  small: [0.12, 1],
  medium: [0.22, 2],
  large: [0.36, 3],
};

const em = (length: number): string => `${Number(length.toFixed(3))}em`;

/** So many copies of the letters around them look like a line. */
const AROUND = 12;

/**
 * Outline and shadow as one `text-shadow`. `-webkit-text-stroke` would eat into the letters where `paint-order` is not
 * known for text, as in the browsers of older streaming software.
 */
export function textShadow({ stroke, shadow }: Pick<Options, "stroke" | "shadow">): string {
  const width = STROKES[stroke];
  const outline = Array.from({ length: width > 0 ? AROUND : 0 }, (_, step) => {
    const angle = (step / AROUND) * 2 * Math.PI;
    return `${em(Math.cos(angle) * width)} ${em(Math.sin(angle) * width)} 0 ${DARK}`;
  });
  const [reach, times] = SHADOWS[shadow];
  const soft = Array.from({ length: times }, () => `0 ${em(reach / 3)} ${em(reach)} ${DARK}`);
  return [...outline, ...soft].join(", ") || "none";
}

/** The same for emotes, which are pictures: a filter, and so a little simpler. */
export function pictureShadow({ stroke, shadow }: Pick<Options, "stroke" | "shadow">): string {
  const width = STROKES[stroke];
  const [reach] = SHADOWS[shadow];
  const parts = [];
  if (width > 0) parts.push(`drop-shadow(0 0 ${em(width)} ${DARK})`);
  if (reach > 0) parts.push(`drop-shadow(0 ${em(reach / 3)} ${em(reach / 2)} ${DARK})`);
  return parts.join(" ") || "none";
}

/** Colours of names that were worked out already. A crowd has many, so they go now and then. */
const colours = new Map<string, string | null>();
const MOST = 500;

export function nameColour({ id, color }: Pick<Author, "id" | "color">): string | null {
  const own = color && /^#[0-9a-f]{6}$/i.test(color) ? color : ownColour(id);
  const known = colours.get(own);
  if (known !== undefined) return known;
  if (colours.size >= MOST) colours.clear();
  const shown = readable(own, [BEHIND]);
  colours.set(own, shown);
  return shown;
}
