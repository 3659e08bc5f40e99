/** The overlay's parameters: the names that people know from other overlays, what each takes, and what it is for. */

import { choice, flag, font, names, number, optional, type Kind } from "./kinds";

interface Parameter<T> {
  readonly kind: Kind<T>;
  /** Its value if the address says nothing. */
  readonly usual: T;
  /** Its name in a form. */
  readonly label: string;
  readonly about: string;
}

const of = <T>(kind: Kind<T>, usual: NoInfer<T>, label: string, about: string): Parameter<T> => ({ kind, usual, label, about });

/** In the order in which they are shown. */
export const PARAMETERS = {
  size: of(
    number({ from: 8, to: 200, unit: "px", also: { small: 20, medium: 28, large: 40, "1": 20, "2": 28, "3": 40 } }),
    28,
    "Text size",
    "how large the text is; emotes and badges go with it",
  ),
  font: of(font, "", "Font", "the font of the text"),
  stroke: of(
    choice(["none", "thin", "medium", "thick"], { "0": "none", false: "none", "1": "thin", "2": "medium", "3": "thick", "4": "thick" }),
    "medium",
    "Outline",
    "a dark line around letters and emotes",
  ),
  shadow: of(
    choice(["none", "small", "medium", "large"], { "0": "none", false: "none", "1": "small", "2": "medium", "3": "large" }),
    "small",
    "Shadow",
    "a soft dark shadow behind letters and emotes",
  ),
  background: of(number({ from: 0, to: 100, unit: "%" }), 0, "Background", "how dark a bar is behind each message; 0 is none"),
  small_caps: of(flag, false, "Small capitals", "small letters as small capitals"),
  align: of(choice(["left", "center", "right"]), "left", "Alignment", "at which side the messages are"),
  direction: of(choice(["up", "down"]), "up", "Direction", "where old messages go: `up` has the newest at the bottom, `down` at the top"),
  names: of(
    choice(["inline", "above", "off"], { true: "inline", false: "off" }),
    "inline",
    "Names",
    "where the name stands: before the text, on a line of its own, or nowhere",
  ),
  badges: of(flag, true, "Badges", "badges of people; that a persona is an AI is shown in any case"),
  large_emotes: of(flag, true, "Large emotes", "messages of nothing but emotes have larger ones"),
  animate: of(flag, true, "Animation", "new messages slide in, unless the system asks for less motion"),
  fade: of(
    optional({ from: 1, to: 3600, unit: "s" }, "never", 30),
    null,
    "Fade out after",
    "after how long a message fades out; `true` is 30",
  ),
  max: of(number({ from: 1, to: 200, unit: "" }), 50, "At most", "how many messages there are at most, seen or not"),
  bots: of(flag, true, "AI personas", "whether personas' messages are shown"),
  hide_commands: of(flag, false, "Hide commands", "no messages that begin with `!` and a word"),
  hide_replies: of(flag, false, "Hide replies", "no messages that answer another one"),
  block: of(names, [], "Hide messages of", "whose messages are not shown; large and small letters are the same"),
} as const;

export type Name = keyof typeof PARAMETERS;
export type Options = { readonly [N in Name]: (typeof PARAMETERS)[N] extends Parameter<infer T> ? T : never };

export const NAMES = Object.keys(PARAMETERS) as Name[];

export const USUAL = Object.fromEntries(NAMES.map((name) => [name, PARAMETERS[name].usual])) as unknown as Options;

/** Opens the set-up page; what else an address says is where that begins. */
export const SETUP = "setup";

/** What an address says. What it says wrong has its usual value, and a sentence in `wrong`. */
export function read(query: URLSearchParams): { options: Options; wrong: string[] } {
  const values: Record<string, unknown> = {};
  const wrong: string[] = [];
  for (const [given, text] of query) {
    const name = given.trim().toLowerCase();
    if (name === SETUP) continue;
    if (!isName(name)) {
      wrong.push(`${short(given)}: there is no such parameter; there are ${NAMES.join(", ")}`);
      continue;
    }
    const { kind } = PARAMETERS[name];
    const value = kind.read(kind.control.as === "text" ? text.trim() : text.trim().toLowerCase());
    if (value === undefined) wrong.push(`${name}: takes ${kind.takes.replaceAll("`", "")}, not “${short(text)}”`);
    else values[name] = value;
  }
  return { options: { ...USUAL, ...values }, wrong };
}

/** A query that says this; what is as usual is left out. */
export function write(options: Options): string {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const text = written(name, options);
    if (text !== written(name, USUAL)) query.set(name, text);
  }
  return query.toString();
}

/** One parameter as text. */
export const written = (name: Name, options: Options): string =>
  (PARAMETERS[name].kind as Kind<unknown>).write(options[name]);

/** The options with one of them read from a text; null if that means nothing. */
export function change(options: Options, name: Name, text: string): Options | null {
  const value = PARAMETERS[name].kind.read(text);
  return value === undefined ? null : { ...options, [name]: value };
}

const isName = (name: string): name is Name => Object.hasOwn(PARAMETERS, name);

/** What is told of somebody's mistake is short. */
const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
