import { afterEach, describe, expect, it, vi } from "vitest";
import { allEmotes, emote, emotesIn, fetchEmotes, isEmote, search, takeOwn } from "./emote";
import { EMOTES } from "./emotes";

const own = (...codes: string[]) => ({
  emotes: codes.map((code) => ({ code, image: `/emotes/${code}`, width: 32, height: 32, animated: code === "catJAM" })),
});

afterEach(() => takeOwn(own()));

describe("a room's own emotes", () => {
  it("are there beside those of every room, and before them", () => {
    takeOwn(own("catJAM", "peepo_1"));
    expect(allEmotes().slice(0, 2).map(({ code }) => code)).toEqual(["catJAM", "peepo_1"]);
    expect(allEmotes().length).toBe(EMOTES.length + 2);
    expect(emote("catJAM")).toMatchObject({ image: "/emotes/catJAM", animated: true });
    expect(emotesIn("so :catJAM: and :hype: :catjam:")).toEqual(["catJAM", "hype"]);
  });

  it("are those that came last", () => {
    takeOwn(own("catJAM"));
    takeOwn(own("peepo"));
    expect([isEmote("catJAM"), isEmote("peepo"), isEmote("hype")]).toEqual([false, true, true]);
  });

  it("are the same if the same came again, so that nothing is drawn anew", () => {
    takeOwn(own("catJAM"));
    const before = emote("catJAM");
    takeOwn(own("catJAM"));
    expect(emote("catJAM")).toBe(before);
    takeOwn({ emotes: own("catJAM").emotes.map((emote) => ({ ...emote, image: "/emotes/another" })) });
    expect(emote("catJAM")?.image).toBe("/emotes/another");
  });

  it("are not fetched before they are seen: there may be very many", () => {
    const fetched: string[] = [];
    vi.stubGlobal("Image", class {
      set src(image: string) {
        fetched.push(image);
      }
    });
    takeOwn(own("catJAM"));
    fetchEmotes();
    vi.unstubAllGlobals();
    expect(fetched).toEqual(EMOTES.map(({ image }) => image));
  });

  it.each([
    ["happy", ["HappyCat", "peepoHappy"]],
    [":PEEPO", ["peepoHappy"]],
    ["this room", ["peepoHappy", "HappyCat"]],
    ["good game", ["gg"]],
    ["nosuch", []],
  ])("are found by what they are called, and by what they mean: %s", (typed, codes) => {
    takeOwn(own("peepoHappy", "HappyCat"));
    expect(search(typed).map(({ code }) => code)).toEqual(codes);
  });

  it("take no other's place", () => {
    const { image } = emote("hype")!;
    takeOwn(own("hype"));
    expect(emote("hype")?.image).toBe(image);
    expect(allEmotes().length).toBe(EMOTES.length);
  });
});
