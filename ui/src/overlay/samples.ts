/** What is said in the preview: every kind of message that a setting is about. */

import type { AuthorKind, ChatMessage } from "../lib/protocol";

interface Said {
  readonly by: string;
  readonly text: string;
  readonly kind?: AuthorKind;
  readonly badges?: readonly string[];
  /** How many messages before this one is the one that it answers. */
  readonly answers?: number;
  /** Whether an emote of the room's own follows, if it has any. */
  readonly own?: boolean;
}

const SAID: readonly Said[] = [
  { by: "kettlebird", text: "hi everyone :wave:" },
  { by: "Nova", kind: "persona", text: "LETS GO :hype: :hype:" },
  { by: "oona", kind: "moderator", badges: ["mod"], text: "keep it friendly please :heart:" },
  { by: "drizzle_77", text: "that jump was so close" },
  { by: "Moss", kind: "persona", text: "i felt that landing in my knees" },
  { by: "pixelpear", text: ":lol: :lol: :lol:" },
  { by: "tobi", text: "!song" },
  { by: "kettlebird", text: "did you see where the second key went? I think it fell behind the big tree on the left, next to the well" },
  { by: "drizzle_77", text: "yes, by the well", answers: 1 },
  { by: "Juno", kind: "persona", text: "calling it now: the key was in the well the whole time" },
  { by: "a_very_long_name_that_someone_once_chose", text: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
  { by: "pixelpear", text: "gg :gg:", own: true },
];

const id = (number: number): string => `sample-${number}`;

/** Message number `number`, from 0, said at `now`, and the one that it answers. They go round. `own` is an emote of the room. */
export function sample(number: number, now: number, own: string | null): { message: ChatMessage; answered: ChatMessage | null } {
  const of = (at: number): ChatMessage => {
    const { by, text, kind = "viewer", badges = [], answers, own: has } = SAID[at % SAID.length] as Said;
    return {
      v: 1,
      id: id(at),
      room_id: "main/preview",
      author: { id: `sample:${by}`, name: by, kind, badges: kind === "persona" ? ["ai"] : [...badges] },
      text: has && own !== null ? `${text} :${own}:` : text,
      ...(answers === undefined ? {} : { reply_to: id(at - answers) }),
      sent_at: new Date(now).toISOString(),
    };
  };
  const message = of(number);
  const { answers } = SAID[number % SAID.length] as Said;
  return { message, answered: answers === undefined ? null : of(number - answers) };
}

/** So many are there from the start. */
export const AT_FIRST = SAID.length;
