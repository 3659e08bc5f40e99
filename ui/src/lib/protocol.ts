// Made of protocol/schemas by `npm run types`. Don't edit.

/**
 * What moderation does with a message, from the mildest to the hardest.
 *
 * - `allow`: It goes out as it is.
 * - `redact`: It goes out with parts replaced by `***`.
 * - `hold`: It waits for a moderator.
 * - `drop`: It does not go out.
 */
export type Action = "allow" | "redact" | "hold" | "drop";
/**
 * What an author is. A persona is never passed off as a person.
 *
 * - `viewer`: A person who watches.
 * - `persona`: An AI persona.
 * - `moderator`: A person who may remove messages.
 * - `system`: The room itself.
 */
export type AuthorKind = "viewer" | "persona" | "moderator" | "system";
/**
 * What words can be about. The names are those of Twitch's `AutoMod` settings in its API (Helix).
 *
 * - `aggression`: Hostility: threats, and calls to do harm to oneself or others.
 * - `bullying`: Hostility: insults and name-calling.
 * - `disability`: Discrimination against disability.
 * - `misogyny`: Discrimination against women.
 * - `race_ethnicity_or_religion`: Discrimination by race, ethnicity or religion.
 * - `sex_based_terms`: Sexual content.
 * - `sexuality_sex_or_gender`: Discrimination by sexuality, sex or gender.
 * - `swearing`: Profanity.
 */
export type Category =
  | "aggression"
  | "bullying"
  | "disability"
  | "misogyny"
  | "race_ethnicity_or_religion"
  | "sex_based_terms"
  | "sexuality_sex_or_gender"
  | "swearing";
/**
 * What clients send: one object in each text frame.
 */
export type ClientFrame = {
  type: "say";
  /**
   * Comes back in the `ack` or `error`.
   */
  nonce: string;
  /**
   * Chosen by the sender to make sending again safe.
   */
  id?: string | null;
  /**
   * One line of text.
   */
  text: string;
  /**
   * The message that this one answers.
   */
  reply_to?: string | null;
};
/**
 * What became of a message that waited.
 *
 * - `approved`: It is in the room's log.
 * - `denied`: A moderator refused it.
 * - `expired`: Nobody decided in time.
 */
export type Decision = "approved" | "denied" | "expired";
/**
 * What came of a call.
 */
export type Reaction =
  | {
      did: "spoke";
      /**
       * What.
       */
      lines: string[];
    }
  | {
      did: "silent";
      /**
       * Why not, in its own words.
       */
      because?: string | null;
    }
  | {
      did: "failed";
      /**
       * Why.
       */
      reason: string;
    };
/**
 * Whether a persona can be called.
 *
 * - `ok`: Its latest call returned well, or it was not called yet.
 * - `failing`: Its latest calls failed.
 * - `unavailable`: Its module is missing or was refused.
 */
export type Health = "ok" | "failing" | "unavailable";
/**
 * What words are had from.
 *
 * - `model`: A model listens.
 * - `subtitles`: They are read from a subtitle file.
 * - `nothing`: From nothing: only how loud it is and what is to be seen tell what happens.
 */
export type HearingBy = "model" | "subtitles" | "nothing";
/**
 * What a moderator says about a message that waits.
 *
 * - `approve`: It goes out.
 * - `deny`: It does not go out.
 */
export type Judgement = "approve" | "deny";
/**
 * How a source does.
 *
 * - `starting`: It is being opened.
 * - `playing`: It plays.
 * - `stalled`: It is open, and nothing comes.
 * - `waiting`: It is not open, and will be opened (again).
 * - `ended`: It was finite, and is over.
 * - `failed`: It can't be played, and is not tried again until its file or the configuration is looked at anew.
 */
export type SourceCondition = "starting" | "playing" | "stalled" | "waiting" | "ended" | "failed";
/**
 * A right.
 *
 * - `read`: Read rooms.
 * - `say`: Send messages.
 * - `context`: Hand in stream contexts.
 * - `moderate`: Remove messages and people.
 * - `admin`: Everything else.
 */
export type Scope = "read" | "say" | "context" | "moderate" | "admin";
/**
 * What the gateway sends: one object in each text frame.
 */
export type ServerFrame =
  | {
      type: "hello";
      /**
       * Which log the offsets count in.
       */
      epoch: string;
      /**
       * The newest offset at this moment; what follows `after` up to it comes next, then what is new.
       */
      offset: number;
      /**
       * False if some of what followed `after` is gone.
       */
      recovered: boolean;
      you: You;
      /**
       * The session's token, if the gateway has just made one for this connection.
       */
      token?: string | null;
    }
  | {
      type: "message";
      /**
       * Its place in the room's log.
       */
      offset: number;
      message: ChatMessage;
    }
  | {
      type: "ack";
      /**
       * As in the `say`.
       */
      nonce: string;
      /**
       * The message's id.
       */
      id: string;
      /**
       * Its place in the room's log.
       */
      offset: number;
    }
  | {
      type: "remove";
      /**
       * Which.
       */
      id: string;
      /**
       * Why.
       */
      reason: string;
    }
  | {
      type: "clear";
      /**
       * Whose; everybody's if absent.
       */
      author?: string | null;
      /**
       * The last of them.
       */
      up_to: number;
      /**
       * Why.
       */
      reason: string;
    }
  | (Modes & {
      type: "modes";
    })
  | {
      type: "waiting";
      /**
       * As in the `say`.
       */
      nonce: string;
      /**
       * The message's id.
       */
      id: string;
    }
  | {
      type: "notice";
      /**
       * As in the `say`.
       */
      nonce: string;
      /**
       * For people; may have several lines.
       */
      text: string;
    }
  | {
      type: "held";
      message: ChatMessage;
      verdict: ModerationVerdict;
    }
  | {
      type: "decided";
      /**
       * Which.
       */
      id: string;
      decision: Decision;
      by: Named;
    }
  | (ChatTrends & {
      type: "trends";
    })
  | (StreamNow & {
      type: "stream";
    })
  | {
      type: "error";
      /**
       * A stable code, listed in `docs/protocols.md`.
       */
      code: string;
      /**
       * What is wrong, and the way out.
       */
      detail: string;
      /**
       * Where in the frame, as a JSON Pointer.
       */
      pointer?: string | null;
      /**
       * As in the frame that was wrong, if that could be read.
       */
      nonce?: string | null;
    };

/**
 * How often the two did what.
 */
export interface Agreement {
  /**
   * Neither said anything.
   */
  both_silent: number;
  /**
   * Both said the same.
   */
  same_lines: number;
  /**
   * Both spoke, and not in the same words.
   */
  other_lines: number;
  /**
   * Only the one that serves spoke.
   */
  live_alone: number;
  /**
   * Only the shadow would have spoken.
   */
  shadow_alone: number;
}
/**
 * Who wrote a message.
 */
export interface Author {
  /**
   * Stable: what a persona remembers a person by.
   */
  id: string;
  /**
   * What viewers read. Not unique.
   */
  name: string;
  kind: AuthorKind;
  /**
   * `#rrggbb`. Whoever shows it makes it readable on their background.
   */
  color?: string | null;
  /**
   * Short words to be shown before the name. A persona always carries `ai`.
   */
  badges?: string[];
}
/**
 * Somebody who may not speak in a room.
 */
export interface Ban {
  author: Named;
  /**
   * Until when, for a time-out.
   */
  until?: string | null;
  /**
   * Why; empty if nobody said.
   */
  reason?: string;
  by: Named;
  /**
   * When.
   */
  at: string;
}
/**
 * An author by id and name.
 */
export interface Named {
  /**
   * The author's id.
   */
  id: string;
  /**
   * The display name, as it was then.
   */
  name: string;
}
/**
 * Those who may not speak in a room.
 */
export interface BanList {
  /**
   * In the order of their ids. Time-outs that are over are not among them.
   */
  bans: Ban[];
}
/**
 * A request to keep somebody from speaking in a room.
 */
export interface BanRequest {
  /**
   * An author id, or the display name of somebody who is there or spoke lately.
   */
  author: string;
  /**
   * For so long; for ever if absent.
   */
  seconds?: number | null;
  /**
   * Why.
   */
  reason?: string | null;
  /**
   * Whether what they said is cleared; yes if absent.
   */
  clear?: boolean | null;
}
/**
 * Which calls a module wants; all, if nothing is said. For the others it is not instantiated.
 */
export interface Calls {
  /**
   * `on-context`
   */
  context?: boolean;
  /**
   * `on-firehose`; without it, nobody's message is put to its personas to be answered.
   */
  firehose?: boolean;
  /**
   * `reflect`
   */
  reflect?: boolean;
}
/**
 * One line in a room.
 */
export interface ChatMessage {
  /**
   * Version of this format.
   */
  v: 1;
  /**
   * Chosen by the sender or by the gateway; the gateway drops a second message with the same id.
   */
  id: string;
  /**
   * Where it was said.
   */
  room_id: string;
  author: Author;
  /**
   * One line of text, never markup.
   */
  text: string;
  /**
   * The message that this one answers.
   */
  reply_to?: string | null;
  /**
   * Whom it names; filled in by the gateway.
   *
   * Items: Id: an author.
   */
  mentions?: string[];
  /**
   * When the gateway accepted it.
   */
  sent_at: string;
  /**
   * The persona call that made it; only on lines of personas.
   */
  call_id?: string | null;
  /**
   * A moderator has removed it: what is left keeps its place, and `text` is [`REMOVED_TEXT`]. Not to be shown.
   */
  deleted?: boolean;
}
/**
 * What the streamer asked the chat.
 */
export interface ChatQuestion {
  /**
   * The id of the event of kind `chat_question` that it came from.
   */
  id: string;
  /**
   * The question's text.
   */
  text: string;
  /**
   * When, on the stream's clock, in milliseconds.
   */
  at_ms: number;
}
/**
 * The room's chat over a sliding window.
 */
export interface ChatTrends {
  /**
   * Version of this format.
   */
  v: 1;
  /**
   * The room.
   */
  room_id: string;
  /**
   * When this was made.
   */
  at: string;
  /**
   * Length of the window, in seconds.
   */
  window_s: number;
  /**
   * Messages per minute, over the window.
   */
  messages_per_minute: number;
  /**
   * How many authors wrote in the window.
   */
  unique_authors: number;
  /**
   * The share of messages that personas wrote.
   */
  bot_fraction: number;
  /**
   * The commonest words, most frequent first.
   */
  top_tokens?: Count[];
  /**
   * The commonest emotes, most frequent first.
   */
  top_emotes?: Count[];
  /**
   * Who is named most, most often named first.
   */
  mentions?: Mentioned[];
  /**
   * How many messages say what another in the window said before, whoever wrote it, and in whatever letter case, spacing and punctuation.
   */
  repeats?: number;
  /**
   * What at least two messages say, most frequent first, as it is compared: its words in lower case, the first 80 characters of them. Of each, how many messages say it at least.
   */
  top_repeats?: Count[];
}
/**
 * How often something occurred.
 */
export interface Count {
  /**
   * What was counted.
   */
  term: string;
  /**
   * How often.
   */
  count: number;
}
/**
 * How often somebody was named.
 */
export interface Mentioned {
  /**
   * Who, as on their messages.
   */
  author: string;
  /**
   * In how many messages.
   */
  count: number;
}
/**
 * What calls cost in all.
 */
export interface Cost {
  /**
   * Ticks of the epoch in which the guest ran.
   */
  cpu_ticks: number;
  /**
   * Microseconds from start to end. What a shadow asks as the serving one did is answered at once.
   */
  ran_us: number;
  /**
   * LLM calls.
   */
  llm_calls: number;
  /**
   * Tokens that the LLM answered with.
   */
  llm_tokens: number;
}
/**
 * A call in which the two did not do the same.
 */
export interface Difference {
  /**
   * Which.
   */
  call_id: string;
  /**
   * When it began.
   */
  at: string;
  live: Reaction;
  shadow: Reaction;
}
/**
 * Who hears what is said on a stream.
 */
export interface Hearing {
  by: HearingBy;
  /**
   * The model's name, or the subtitle file's.
   */
  name?: string;
  /**
   * Why no model listens where one should, and what helps; empty if all is as it should be.
   */
  detail?: string;
}
/**
 * A message that waits for a moderator.
 */
export interface Held {
  message: ChatMessage;
  verdict: ModerationVerdict;
  /**
   * When it will not go out any more.
   */
  until: string;
}
/**
 * An audit record: every decision other than `allow`, as it travels on `chat.audit`.
 */
export interface ModerationVerdict {
  /**
   * Version of this format.
   */
  v: 1;
  /**
   * The message it is about. It never reached the room if `action` is `drop`.
   */
  message_id: string;
  /**
   * The room it was meant for.
   */
  room_id: string;
  author: Author;
  action: Action;
  /**
   * The rule that decided: a stable code such as `too_long`, listed in `docs/protocols.md`.
   */
  rule: string;
  /**
   * What the words are about, if the rule is `words`.
   */
  category?: Category | null;
  /**
   * How bad it is, 0 to 1, if the rule says so: 1 for words that are caught from level 1 on, 0.25 for those of level 4 alone. Or the provider's score of its category.
   */
  score?: number | null;
  /**
   * Who was asked, if the rule is `provider` or `provider_failed`.
   */
  provider?: JudgedBy | null;
  /**
   * The reason in words, fit to be shown to the author.
   */
  reason: string;
  /**
   * HMAC-SHA-256 of the original text in UTF-8, with a key that comes of the operator's token, as hexadecimal digits: the same for the same text.
   */
  original_sha256: string;
  /**
   * What went out instead, if `action` is `redact`.
   */
  redacted?: string | null;
  /**
   * Which policy decided, as `name@version`.
   */
  policy: string;
  /**
   * When.
   */
  at: string;
  /**
   * The persona call that made the line, if a persona wrote it.
   */
  call_id?: string | null;
}
/**
 * A moderation provider that was asked about a text.
 */
export interface JudgedBy {
  /**
   * Its name in the host's settings.
   */
  name: string;
  /**
   * What it takes the text for, under its own name for that, if one category decided.
   */
  category?: string | null;
}
/**
 * The answer to a [`HeldRequest`].
 */
export interface HeldDecided {
  /**
   * The message's id.
   */
  id: string;
  decision: Decision;
  /**
   * Its place in the room's log, if it was approved.
   */
  offset?: number | null;
}
/**
 * The messages that wait in a room.
 */
export interface HeldList {
  /**
   * The oldest first.
   */
  held: Held[];
}
/**
 * A decision about a message that waits.
 */
export interface HeldRequest {
  decision: Judgement;
  /**
   * Why.
   */
  reason?: string | null;
}
/**
 * A stretch of a room's log.
 */
export interface MessagesPage {
  /**
   * Which log the offsets count in.
   */
  epoch: string;
  /**
   * In order, without gaps.
   */
  messages: Placed[];
  /**
   * Whether nothing that followed `after` is missing before the first of these.
   */
  complete: boolean;
}
/**
 * A message with its place in the room's log.
 */
export interface Placed {
  /**
   * 1, 2, 3, ...
   */
  offset: number;
  message: ChatMessage;
}
/**
 * What personas think with.
 */
export interface Model {
  /**
   * The model's name.
   */
  model: string;
  /**
   * Where it runs, for people: `in the host`, `http://localhost:11434/v1`.
   */
  place: string;
  /**
   * Whether it is the built-in offline model, which the page then says.
   */
  offline: boolean;
}
/**
 * Somebody who may moderate in a room, beside the operator.
 */
export interface ModeratorEntry {
  author: Named;
  /**
   * Since when.
   */
  at: string;
}
/**
 * A request to let a session moderate in a room.
 */
export interface ModeratorRequest {
  /**
   * A session's author id, or the display name of somebody who is there or spoke lately.
   */
  author: string;
}
/**
 * How everyone in a room may chat at the moment. None of it holds for moderators.
 */
export interface Modes {
  /**
   * So many seconds lie between two messages of an author.
   */
  slow_seconds?: number | null;
  /**
   * Only sessions that were made at least so many minutes ago may speak: 0 is any session. Who has none, may not.
   */
  known_minutes?: number | null;
  /**
   * Messages are made of emotes alone. This holds for personas, too.
   */
  emote_only?: boolean;
  /**
   * What was said in the last five minutes, by anybody and in any dress, is not said again.
   */
  unique?: boolean;
  /**
   * Whether slow and unique hold for personas, too. (Those have no session, and known is not asked of them.)
   */
  personas?: boolean;
}
/**
 * What is to be changed of a room's modes: what is absent stays, `null` switches off.
 */
export interface ModesPatch {
  /**
   * As in [`Modes`].
   */
  slow_seconds?: number | null;
  /**
   * As in [`Modes`].
   */
  known_minutes?: number | null;
  /**
   * As in [`Modes`].
   */
  emote_only?: boolean | null;
  /**
   * As in [`Modes`].
   */
  unique?: boolean | null;
  /**
   * As in [`Modes`].
   */
  personas?: boolean | null;
}
/**
 * Which component a persona runs on.
 */
export interface ModuleRef {
  /**
   * The file's name without `.wasm`.
   */
  name: string;
  /**
   * SHA-256 of the component's bytes, as hexadecimal digits; empty when it could not be loaded.
   */
  digest: string;
  /**
   * The version of the contract that it was built for, such as `0.2.0`.
   */
  contract: string;
  /**
   * What the component says of itself.
   */
  version?: string;
  calls?: Calls;
}
/**
 * Somebody who watches a room.
 */
export interface Person {
  /**
   * As on their messages.
   */
  id: string;
  /**
   * The display name.
   */
  name: string;
  kind: AuthorKind;
  /**
   * `#rrggbb`, as on their messages.
   */
  color?: string | null;
}
/**
 * One persona in one room.
 */
export interface PersonaStatus {
  /**
   * Version of this format.
   */
  v: 1;
  /**
   * The room.
   */
  room_id: string;
  /**
   * The persona.
   */
  persona_id: string;
  /**
   * Its display name.
   */
  name: string;
  /**
   * Who it is, in a sentence or two.
   */
  bio?: string;
  /**
   * Its traits as they are now, with their drift, 0 to 1.
   */
  traits?: {
    /**
     * From 0 to 1.
     */
    [k: string]: number;
  };
  /**
   * `#rrggbb`, as on its messages.
   */
  color?: string | null;
  module: ModuleRef;
  health: Health;
  /**
   * What is wrong, in words an author can act on; empty when nothing is.
   */
  detail?: string;
  /**
   * Calls since the worker started.
   */
  calls: number;
  /**
   * Those of them that ended in a trap, a time-out or an error.
   */
  failures: number;
  /**
   * Lines submitted since the worker started.
   */
  lines: number;
  /**
   * How the next version of its module does beside it, if the roster names one. The gateway shows it to operators alone.
   */
  shadow?: ShadowStatus | null;
  /**
   * Whether it has left the room: this is the last that is told of it, until it comes back.
   */
  left?: boolean;
  /**
   * When this was true.
   */
  at: string;
}
/**
 * What came of a persona's shadow runs: a module is given the same turn and input as the one that serves, and nothing of what it does is kept. All counts begin again with each new component.
 */
export interface ShadowStatus {
  module: ModuleRef;
  /**
   * Why it can't be called, or why a newer one in the plugin folder isn't; empty when nothing is wrong.
   */
  detail?: string;
  /**
   * Calls that it was given.
   */
  calls: number;
  /**
   * Calls that it was not given, as it was still in the one before or the host was busy.
   */
  skipped: number;
  /**
   * Calls of it that ended in a trap, a time-out or an error.
   */
  failures: number;
  /**
   * Why the latest of them failed; empty if none did.
   */
  last_failure?: string;
  agreement: Agreement;
  cost: Cost;
  live_cost: Cost;
  /**
   * The latest calls in which the two did not do the same, the newest first.
   */
  differences?: Difference[];
}
/**
 * Where in a recording a stream is, for whoever plays the same recording beside it.
 */
export interface Playing {
  /**
   * The place in the recording that belongs to the context's position, in milliseconds.
   */
  at_ms: number;
  /**
   * How fast it plays; 1 is real time.
   */
  speed: number;
  /**
   * Whether it begins again at its end.
   */
  loop: boolean;
  /**
   * After so long it is at its end, in milliseconds, as far as that is known.
   */
  length_ms?: number | null;
}
/**
 * One wrong place in a request's body.
 */
export interface PointedError {
  /**
   * A JSON Pointer (RFC 6901).
   */
  pointer: string;
  /**
   * What is wrong there.
   */
  detail: string;
}
/**
 * A problem document (RFC 9457).
 */
export interface ProblemDocument {
  /**
   * Always `about:blank`: `code` says what it is.
   */
  type: string;
  /**
   * The HTTP status in words.
   */
  title: string;
  /**
   * The HTTP status.
   */
  status: number;
  /**
   * A stable code, as in an error frame.
   */
  code: string;
  /**
   * What is wrong, and the way out.
   */
  detail: string;
  /**
   * Each wrong place in the request, if the request's body was wrong.
   */
  errors?: PointedError[];
}
/**
 * An emote of a room: a picture that a message names in its text, as `:catJAM:`.
 */
export interface RoomEmote {
  /**
   * What is written between the colons.
   */
  code: string;
  /**
   * The path of its picture, at this gateway.
   */
  image: string;
  /**
   * In pixels.
   */
  width: number;
  /**
   * In pixels.
   */
  height: number;
  /**
   * Whether it may move.
   */
  animated: boolean;
}
/**
 * A room's own emotes, beside those that every room has.
 */
export interface RoomEmotes {
  /**
   * In the order in which they are shown.
   */
  emotes: RoomEmote[];
}
/**
 * The rooms of a gateway.
 */
export interface RoomList {
  /**
   * In the order of the configuration.
   */
  rooms: RoomSummary[];
}
/**
 * A room in a list.
 */
export interface RoomSummary {
  /**
   * `tenant/room`
   */
  id: string;
  /**
   * What viewers read.
   */
  title: string;
  /**
   * Which log the offsets count in.
   */
  epoch: string;
  /**
   * The newest offset; 0 if nothing was said yet.
   */
  offset: number;
  /**
   * How many WebSockets watch, at this gateway. Whoever has the room open twice counts twice.
   */
  viewers: number;
}
/**
 * How a room is doing.
 */
export interface RoomStatus {
  /**
   * `tenant/room`
   */
  id: string;
  /**
   * What viewers read.
   */
  title: string;
  /**
   * Which log the offsets count in.
   */
  epoch: string;
  /**
   * The newest offset; 0 if nothing was said yet.
   */
  offset: number;
  /**
   * How many WebSockets watch, at this gateway. Whoever has the room open twice counts twice.
   */
  viewers: number;
  /**
   * Who watches, at this gateway: each once, whoever came last first. The list ends after 100; `viewers` goes on counting.
   */
  people: Person[];
  /**
   * The personas, as their worker told it last.
   */
  personas: PersonaStatus[];
  model: Model;
  /**
   * The longest message, in characters (Unicode scalar values), by the room's moderation policy. A command may have 500.
   */
  max_chars?: number;
  /**
   * That viewers may hear what the room watches, if they may.
   */
  sound?: Sound | null;
  /**
   * What the room watches and how that goes, as whoever plays it told it last; for operators alone.
   */
  source?: SourceStatus | null;
  /**
   * What is wrong with the moderation provider that its policy names, if something is; for operators alone.
   */
  moderation?: string | null;
}
/**
 * A recording that a room's viewers may hear while the room watches it: `GET /v1/rooms/{t}/{r}/source` at this gateway. Where it is tells `playing` of what happens on the stream.
 */
export interface Sound {
  /**
   * Another one when the recording is another one; the entity tag without its quotes.
   */
  tag: string;
  /**
   * When this was told, by the clock that `at` of a context is of.
   */
  now: string;
}
/**
 * What a room watches, and how that goes. The gateway shows it to operators alone: it names files and hosts.
 */
export interface SourceStatus {
  /**
   * Version of this format.
   */
  v: 1;
  /**
   * The room.
   */
  room_id: string;
  /**
   * What is watched, for people and without what may be secret.
   */
  source: string;
  condition: SourceCondition;
  /**
   * What is waited for, what went wrong and what to do, or what is not as it should be; empty when there is nothing to say.
   */
  detail?: string;
  /**
   * Since when it does so.
   */
  since: string;
  hearing: Hearing;
  /**
   * How much of the stream has come, but was not listened to yet, in milliseconds.
   */
  behind_ms?: number;
  /**
   * Whether the room watches it no more: this is the last that is told of it.
   */
  left?: boolean;
  /**
   * When this was true.
   */
  at: string;
}
/**
 * A stretch of speech. It stays as it is in each context that holds it.
 */
export interface Segment {
  /**
   * Start on the stream's clock, in milliseconds.
   */
  start_ms: number;
  /**
   * End on the stream's clock, in milliseconds.
   */
  end_ms: number;
  /**
   * What was said.
   */
  text: string;
  /**
   * When each word of the text (spaces set words apart) begins, in milliseconds since `start_ms`. Empty if the source doesn't know, or if there was no room.
   */
  word_ms?: number[];
}
/**
 * Who one is to the gateway.
 */
export interface You {
  /**
   * The author of one's messages.
   */
  id: string;
  /**
   * The display name.
   */
  name: string;
  kind: AuthorKind;
  /**
   * What one may do.
   */
  scopes: Scope[];
}
/**
 * What happens on a stream right now: as much of a context as is shown beside a chat.
 */
export interface StreamNow {
  /**
   * When the context was made.
   */
  at: string;
  /**
   * Where the stream was then, in milliseconds since its start.
   */
  position_ms: number;
  /**
   * What was said last, oldest first; without the times of the words.
   */
  segments: Segment[];
  /**
   * What happened last, oldest first.
   */
  events: StreamEvent[];
  /**
   * The question that the streamer put to the chat last.
   */
  chat_question?: ChatQuestion | null;
  /**
   * What it is about, most telling first.
   */
  keywords: string[];
  /**
   * Where in it the source is, if it is a recording and plays.
   */
  playing?: Playing | null;
}
/**
 * Something that happened on the stream.
 */
export interface StreamEvent {
  /**
   * Steady over the contexts that hold this event, and unique in the room.
   */
  id: string;
  /**
   * `chat_question`, `question`, `hype`, `laughter`, `cheering`, `fail`, `name`, `silence`, `topic_change`, `shouting`; from pictures `scene_change`, `flash`, `blackout`, `victory`, `defeat`, `score`; `stream_start`, `stream_end`. Open, so readers must expect others.
   */
  kind: string;
  /**
   * The words that show it, or a short description.
   */
  text: string;
  /**
   * Whose names are said, for an event of kind `name`: as they are written in the room, however they were spoken. Empty if the source doesn't know; the text tells it then.
   */
  names?: string[];
  /**
   * When, on the stream's clock, in milliseconds.
   */
  at_ms: number;
  /**
   * Since when it is known, on the same clock, if not at once: a change of topic is clear only when enough was said of the new one, and what is heard live takes some seconds. Steady as the id is.
   */
  known_ms?: number | null;
  /**
   * How sure the source is.
   */
  confidence: number;
}
/**
 * A guest's session.
 */
export interface Session {
  /**
   * The author of one's messages.
   */
  id: string;
  /**
   * The display name.
   */
  name: string;
  kind: AuthorKind;
  /**
   * What one may do.
   */
  scopes: Scope[];
  /**
   * Proves it: `Authorization: Bearer TOKEN`. Shown once.
   */
  token: string;
}
/**
 * A request for a guest's session.
 */
export interface SessionRequest {
  /**
   * The display name.
   */
  name: string;
}
