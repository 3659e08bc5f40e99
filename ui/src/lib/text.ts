/** What a message is made of: words, emotes, links, and names of those it calls. Never markup. */

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "emote"; readonly code: string }
  | { readonly kind: "link"; /** As it is written. */ readonly text: string; readonly href: string }
  | { readonly kind: "mention"; readonly text: string; readonly you: boolean };

/** A code that could be an emote's. */
const EMOTE = /:([a-zA-Z0-9_]{1,32}):/g;

/** Splits a text at its links, and at the emotes that exist; any other `:code:` stays text. */
export function parts(text: string, isEmote: (code: string) => boolean, names: readonly string[], you: string | null): Part[] {
  const found: Part[] = [];
  let from = 0;
  for (const { at, link } of links(text)) {
    if (at > from) found.push(...spoken(text.slice(from, at), isEmote, names, you));
    found.push(link);
    from = at + link.text.length;
  }
  if (from < text.length) found.push(...spoken(text.slice(from), isEmote, names, you));
  return found;
}

/** What there is between links. */
function spoken(text: string, isEmote: (code: string) => boolean, names: readonly string[], you: string | null): Part[] {
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

/** What could be a link: up to a space, what is not seen, or a mark that is none of an address. */
const LINK = /https?:\/\/[^\s\p{C}<>"“”„«»‹›`、。「」『』【】〈〉《》（），！？：；]+/giu;

/** What ends a sentence, or sets off what is in it, and hardly ever an address. */
const TRAILING = /[.,:;!?'’…*([{]+$/;

const OPENING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

function links(text: string): { at: number; link: Extract<Part, { kind: "link" }> }[] {
  if (!text.includes("://")) return [];
  const found = [];
  LINK.lastIndex = 0;
  for (let match = LINK.exec(text); match; match = LINK.exec(text)) {
    if (match.index > 0 && LATIN.test(text.charAt(match.index - 1))) continue;
    const address = balanced(match[0]).replace(TRAILING, "");
    LINK.lastIndex = match.index + address.length;
    const href = target(address);
    if (href !== null) found.push({ at: match.index, link: { kind: "link" as const, text: address, href } });
  }
  return found;
}

/** An address up to a bracket that it does not open itself. */
function balanced(address: string): string {
  const open: string[] = [];
  for (let at = 0; at < address.length; at++) {
    const mark = address.charAt(at);
    if ("([{".includes(mark)) open.push(mark);
    else if (OPENING[mark] !== undefined && open.pop() !== OPENING[mark]) return address.slice(0, at);
  }
  return address;
}

/**
 * Where an address leads; null if nowhere, or if it seems to lead elsewhere: what stands before an `@` is no host, a host
 * holds nothing that looks like the end of one, and of what moderation masked nobody knows where it led.
 */
function target(address: string): string | null {
  const host = HOST.exec(address)?.[1];
  if (host === undefined || address.includes("***") || host.split(".").some(isMixed)) return null;
  try {
    return new URL(address).href;
  } catch {
    return null;
  }
}

/** What stands for the host, where browsers see it as well: of more than two slashes they skip the rest. */
const HOST = /^https?:\/\/([\p{L}\p{M}\p{N}._-]+)(?::\d*)?(?:[/\\?#]|$)/iu;

/** Whether a label has Latin letters together with others, such as `twіtch` with a Cyrillic letter. */
function isMixed(label: string): boolean {
  return /\p{Script=Latin}/u.test(label) && /[^\p{Script=Latin}\p{M}\p{N}_-]/u.test(label);
}

const LETTER = /[\p{Alphabetic}\p{N}]/u;

/** What a link is a part of if it stands before one; scripts without spaces have letters there. */
const LATIN = /[A-Za-z0-9_]/;

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
