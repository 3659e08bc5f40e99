import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Outgoing } from "./outgoing.svelte";
import type { ClientFrame, ServerFrame } from "./protocol";
import { said } from "./socket.fake";

/** The first and the longest pause before something is sent again, in milliseconds. */
const FIRST = 2_000;
const LONGEST = 30_000;

let outgoing: Outgoing;
let sent: ClientFrame[];
/** Whether what is sent goes out. */
let goesOut: boolean;

/** How often it was told that there is no answer. */
let unanswered: number;

/** Says something, and gives its id. */
function say(text: string): string {
  outgoing.say(text, null);
  return sent.at(-1)?.nonce ?? "";
}

function hello(): void {
  const you = { id: "guest:ana", name: "Ana", kind: "viewer", scopes: ["read", "say"] } as const;
  outgoing.take({ type: "hello", epoch: "a", offset: 1, recovered: true, you: { ...you, scopes: [...you.scopes] } });
}

const answer = (nonce: string, code: string) => outgoing.take({ type: "error", code, detail: code, nonce });

/** The room has no time for something, again and again, until the pauses are as long as they get; then it is on its way. */
function turnAway(nonce: string): void {
  for (let round = 0; round < 6; round++) {
    answer(nonce, "busy");
    vi.advanceTimersByTime(LONGEST);
  }
}

/** The room has no time for something: after how long it is sent again. */
function pause(nonce: string): number {
  const { length } = sent;
  answer(nonce, "busy");
  for (let waited = 0; waited <= LONGEST; waited += 500) {
    if (sent.length > length) return waited;
    vi.advanceTimersByTime(500);
  }
  return Infinity;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  sent = [];
  goesOut = true;
  unanswered = 0;
  outgoing = new Outgoing(
    (frame) => {
      if (goesOut) sent.push(frame);
      return goesOut;
    },
    () => (unanswered += 1),
  );
  hello();
});

afterEach(() => {
  outgoing.down();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the pause before something is sent again", () => {
  it.each<[string, (id: string) => void]>([
    ["is acknowledged", (id) => outgoing.take({ type: "ack", nonce: id, id, offset: 2 })],
    ["is in the room", (id) => outgoing.take({ type: "message", offset: 2, message: { ...said(2), id } })],
    ["waits for a moderator", (id) => outgoing.take({ type: "waiting", nonce: id, id })],
    ["is refused for good", (id) => answer(id, "blocklist")],
    ["is given up", (id) => outgoing.discard(id)],
    [
      "is given up while it is to be sent again",
      (id) => {
        answer(id, "busy");
        outgoing.discard(id);
      },
    ],
    [
      "is given up, while another is refused",
      (id) => {
        answer(say("rude"), "blocklist");
        turnAway(id);
        outgoing.discard(id);
      },
    ],
  ])("is short again once what was turned away %s", (_, ends) => {
    const id = say("one");
    turnAway(id);
    ends(id);
    expect(pause(say("two"))).toBe(FIRST);
  });

  it.each<[string, (id: string, refused: string) => void]>([
    ["while it is on its way", () => {}],
    ["if another is given up that was refused", (_, refused) => outgoing.discard(refused)],
    ["if the answer is to nobody", () => outgoing.take({ type: "error", code: "bad_json", detail: "not JSON" } satisfies ServerFrame)],
  ])("stays long %s", (_, happens) => {
    const refused = say("rude");
    answer(refused, "blocklist");
    const id = say("one");
    turnAway(id);
    happens(id, refused);
    expect(pause(id)).toBe(LONGEST);
  });
});

describe("what was sent", () => {
  it("is told to have no answer after a while", () => {
    say("one");
    vi.advanceTimersByTime(14_000);
    expect(unanswered).toBe(0);
    vi.advanceTimersByTime(2_000);
    expect(unanswered).toBe(1);
  });

  it("has as long again after each answer to something else", () => {
    const one = say("one");
    say("two");
    vi.advanceTimersByTime(14_000);
    outgoing.take({ type: "message", offset: 2, message: { ...said(2), id: one } });
    vi.advanceTimersByTime(14_000);
    expect(unanswered).toBe(0);
    vi.advanceTimersByTime(2_000);
    expect(unanswered).toBe(1);
  });

  it.each<[string, (id: string) => void]>([
    ["is acknowledged", (id) => outgoing.take({ type: "ack", nonce: id, id, offset: 2 })],
    ["is in the room", (id) => outgoing.take({ type: "message", offset: 2, message: { ...said(2), id } })],
    ["waits for a moderator", (id) => outgoing.take({ type: "waiting", nonce: id, id })],
    ["is refused", (id) => answer(id, "blocklist")],
    ["is discarded", (id) => outgoing.discard(id)],
    ["is lost with its connection", () => outgoing.down()],
  ])("needs no other answer once it %s", (_, ends) => {
    ends(say("one"));
    vi.advanceTimersByTime(60_000);
    expect(unanswered).toBe(0);
  });
});

describe("after a lost connection", () => {
  /** What is sent with the next connection of what was said before. */
  function repeated(text: string, happens: (id: string) => void = () => {}): string[] {
    const id = say(text);
    happens(id);
    outgoing.down();
    const { length } = sent;
    hello();
    return sent.slice(length).map((frame) => frame.nonce);
  }
  const unsure = () => outgoing.drafts.map(({ unsure }) => unsure);

  it("a message is sent again", () => {
    expect(repeated("hello")).toEqual([sent[0]?.nonce]);
  });

  it("a command is not, and is said to be done or not, until it is discarded", () => {
    expect(repeated(" /clear")).toEqual([]);
    expect(unsure()).toEqual(["the connection was lost"]);
    outgoing.down();
    hello();
    expect(sent).toHaveLength(1);
    outgoing.discard(outgoing.drafts[0]?.id ?? "");
    expect(outgoing.drafts).toEqual([]);
  });

  it("a command that was never begun is", () => {
    expect(repeated("/clear", (id) => answer(id, "busy"))).toEqual([sent[0]?.nonce]);
    expect(unsure()).toEqual([undefined]);
  });

  it("a command that was written meanwhile is sent once", () => {
    outgoing.down();
    outgoing.say("/clear", null);
    expect(sent).toEqual([]);
    hello();
    outgoing.down();
    hello();
    expect(sent.map((frame) => frame.text)).toEqual(["/clear"]);
    expect(unsure()).toEqual(["the connection was lost"]);
  });

  it("a command that did not go out is sent with the next one", () => {
    goesOut = false;
    outgoing.say("/clear", null);
    outgoing.down();
    expect(unsure()).toEqual([undefined]);
    goesOut = true;
    hello();
    expect(sent.map((frame) => frame.text)).toEqual(["/clear"]);
  });

  it("a command whose answer is read late is done", () => {
    const id = say("/clear");
    outgoing.down();
    outgoing.take({ type: "notice", nonce: id, text: "2 messages are removed" });
    expect(outgoing.drafts).toEqual([]);
  });
});
