/** The emotes that one used last. What is kept is read with distrust, like the settings. */

const KEPT_AS = "chatter.emotes";

/** So many are kept: a row of the picker. */
export const ROW = 6;

/** Reads kept codes, the one used last first. */
export function read(kept: string | null): readonly string[] {
  try {
    const codes: unknown = JSON.parse(kept ?? "[]");
    if (!Array.isArray(codes)) return [];
    return [...new Set(codes.filter((code) => typeof code === "string"))].slice(0, ROW);
  } catch {
    return [];
  }
}

/** The codes after these were used, in the order in which they were. */
export const use = (before: readonly string[], codes: readonly string[]): readonly string[] =>
  [...new Set([...codes.toReversed(), ...before])].slice(0, ROW);

/** What the browser keeps, where it keeps anything. */
export function used(): readonly string[] {
  try {
    return read(localStorage.getItem(KEPT_AS));
  } catch {
    return [];
  }
}

export function keepUsed(codes: readonly string[]): void {
  if (codes.length === 0) return;
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(use(used(), codes)));
  } catch {
    // Then the picker has no such row.
  }
}
