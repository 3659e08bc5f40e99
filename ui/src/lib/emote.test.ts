import { afterEach, describe, expect, it } from "vitest";
import { allEmotes, emote, emotesIn, isEmote, takeOwn } from "./emote";
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

  it("take no other's place", () => {
    const { image } = emote("hype")!;
    takeOwn(own("hype"));
    expect(emote("hype")?.image).toBe(image);
    expect(allEmotes().length).toBe(EMOTES.length);
  });
});
