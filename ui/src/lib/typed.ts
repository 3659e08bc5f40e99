/** What is typed or pasted into the send box. Pure. */

const SPACES = /[\t\u00a0]/g;

/** Zero width space, word joiner, byte order mark, soft hyphen. Joiners stay: emoji and scripts are made with them. */
const UNSEEN = /[\u200b\u2060\ufeff\u00ad]/g;

/** A text without what comes along with pasted text, is not seen, and would have the gateway refuse it. */
export const tidy = (text: string): string => text.replace(SPACES, " ").replace(UNSEEN, "");
