/** What a reader may set, and how it lasts. What is kept is read with distrust: it may be of another release. */

/** Each setting with its values, the usual one first. */
export const CHOICES = {
  theme: ["system", "light", "dark"],
  size: ["medium", "small", "large", "huge"],
  density: ["cosy", "compact"],
  rows: ["plain", "shaded"],
  times: ["off", "on"],
  repeats: ["shown", "folded"],
  motion: ["system", "off"],
  hover: ["on", "off"],
  announce: ["all", "mentions", "off"],
  keys: ["on", "off"],
} as const;

export type Setting = keyof typeof CHOICES;
export type Settings = { readonly [S in Setting]: (typeof CHOICES)[S][number] };

const NAMES = Object.keys(CHOICES) as Setting[];

export const USUAL: Settings = read(null);

/** Reads kept settings; what is missing or unknown has its usual value. */
export function read(kept: string | null): Settings {
  let values: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(kept ?? "{}");
    if (typeof parsed === "object" && parsed !== null) values = parsed as Record<string, unknown>;
  } catch {
    // Not JSON: nothing was kept.
  }
  const entries = NAMES.map((name) => {
    const known: readonly unknown[] = CHOICES[name];
    return [name, known.includes(values[name]) ? values[name] : known[0]];
  });
  return Object.fromEntries(entries) as Settings;
}

export const write = (settings: Settings): string => JSON.stringify(settings);
