/** What a message is made of: words, emotes, and names of those it calls. Never markup. */

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "emote"; readonly code: string }
  | { readonly kind: "mention"; readonly text: string; readonly you: boolean };

/** A code that could be an emote's. */
const EMOTE = /:([a-zA-Z0-9_]{1,32}):/g;

/** Splits a text at the emotes that exist; any other `:code:` stays text. */
export function parts(text: string, isEmote: (code: string) => boolean, names: readonly string[], you: string | null): Part[] {
  const found: Part[] = [];
  let from = 0;
  EMOTE.lastIndex = 0;
  for (let match = EMOTE.exec(text); match; match = EMOTE.exec(text)) {
    const code = match[1] ?? "";
    if (!isEmote(code)) {
      // `12:30:hype:`: the second colon may begin the emote.
      EMOTE.lastIndex = match.index + match[0].length - 1;
      continue;
    }
    if (match.index > from) found.push(...named(text.slice(from, match.index), names, you));
    found.push({ kind: "emote", code });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(...named(text.slice(from), names, you));
  return found;
}

/** Whether there is nothing but emotes, so that they can be larger. */
export function onlyEmotes(parts: readonly Part[]): boolean {
  return (
    parts.some((part) => part.kind === "emote") &&
    parts.every((part) => part.kind === "emote" || (part.kind === "text" && part.text.trim() === ""))
  );
}

const LETTER = /[\p{Alphabetic}\p{N}]/u;

/** Finds `@name`, as the gateway does: the longest name wins, and ends where a word does. */
function named(text: string, names: readonly string[], you: string | null): Part[] {
  if (!text.includes("@")) return [{ kind: "text", text }];
  const found: Part[] = [];
  // A few letters have another length in lower case: then letter case counts.
  const lower = text.toLowerCase();
  const folded = lower.length === text.length ? lower : text;
  let from = 0;
  for (let at = folded.indexOf("@"); at >= 0; at = folded.indexOf("@", at + 1)) {
    if (at > 0 && LETTER.test(folded.charAt(at - 1))) continue;
    let longest = 0;
    for (const name of names) {
      const end = at + 1 + name.length;
      if (name.length > longest && folded.startsWith(name.toLowerCase(), at + 1) && !LETTER.test(folded.charAt(end))) {
        longest = name.length;
      }
    }
    if (longest === 0) continue;
    if (at > from) found.push({ kind: "text", text: text.slice(from, at) });
    const name = text.slice(at, at + 1 + longest);
    found.push({ kind: "mention", text: name, you: you !== null && name.slice(1).toLowerCase() === you.toLowerCase() });
    from = at + 1 + longest;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}
