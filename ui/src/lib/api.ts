/** What the page asks the gateway over HTTP. */

import { told } from "./clock";
import type {
  Ban,
  BanRequest,
  HeldDecided,
  HeldRequest,
  MessagesPage,
  ModeratorEntry,
  ModeratorRequest,
  ProblemDocument,
  RoomEmotes,
  RoomList,
  RoomStatus,
  Session,
} from "./protocol";

/** How long an answer may take, in milliseconds. */
const DEADLINE = 10_000;

/** RFC 9110, section 15.5.22. */
const UPGRADE_REQUIRED = 426;

/** A refusal, in the gateway's words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { ...init, signal: AbortSignal.timeout(DEADLINE) });
  told(answer.headers.get("date"));
  if (answer.status === 204) return undefined as T;
  if (answer.ok) return (await answer.json()) as T;
  const problem = (await answer.json().catch(() => ({}))) as Partial<ProblemDocument>;
  throw new Refused(answer.status, problem.code ?? "unknown", problem.detail ?? `the gateway answers ${answer.status}`);
}

export const status = (room: string) => ask<RoomStatus>(`/v1/rooms/${room}`);

export const roomEmotes = (room: string) => ask<RoomEmotes>(`/v1/rooms/${room}/emotes`);

export const rooms = () => ask<RoomList>("/v1/rooms");

export const latest = (room: string, limit: number) =>
  ask<MessagesPage>(`/v1/rooms/${room}/messages?limit=${limit}`);

export const stretch = (room: string, after: number, limit: number) =>
  ask<MessagesPage>(`/v1/rooms/${room}/messages?after=${after}&limit=${limit}`);

/** Makes a session; the browser keeps its token as a cookie that the page can't read. */
export const makeSession = (name: string) =>
  ask<Session>("/v1/sessions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });

/**
 * Whether there could be a WebSocket at a path now; refused otherwise. A page is not shown why one was refused: who asks
 * for the same path without a handshake is told.
 */
export async function mayConnect(path: string, headers: Record<string, string> = {}): Promise<void> {
  try {
    await ask<void>(path, { headers });
  } catch (error) {
    // That this is none is all that is wrong.
    if (!(error instanceof Refused && error.status === UPGRADE_REQUIRED)) throw error;
  }
}

/** Whether who has this token may share sound with a room now; refused otherwise. */
export const maySendSound = (room: string, token: string) =>
  mayConnect(`/v1/rooms/${room}/sound`, { authorization: `Bearer ${token}` });

// === For moderators ===

const json = (method: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});

export const removeMessage = (room: string, id: string) => ask<void>(`/v1/rooms/${room}/messages/${id}`, { method: "DELETE" });

/** Keeps an author from speaking, for so many seconds or for ever. */
export const silence = (room: string, author: string, seconds: number | null) =>
  ask<Ban>(`/v1/rooms/${room}/bans`, json("POST", { author, ...(seconds === null ? {} : { seconds }) } satisfies BanRequest));

export const decide = (room: string, id: string, decision: HeldRequest["decision"]) =>
  ask<HeldDecided>(`/v1/rooms/${room}/held/${id}`, json("POST", { decision } satisfies HeldRequest));

/** Lets a session moderate, if this is the operator's token. */
export const letModerate = (room: string, author: string, token: string) =>
  ask<ModeratorEntry>(
    `/v1/rooms/${room}/moderators`,
    json("POST", { author } satisfies ModeratorRequest, { authorization: `Bearer ${token}` }),
  );
