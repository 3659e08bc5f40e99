import { describe, expect, it } from "vitest";
import type { Line } from "./log";
import { Rows, WITHIN, firstAfter, place } from "./rows";

const START = Date.UTC(2026, 0, 31, 12);

/** A line that was said so many milliseconds after the start. */
function said(offset: number, text: string, after = 0): Line {
  const author = { id: `guest:${offset}`, name: `Guest ${offset}`, kind: "viewer" } as const;
  const sent_at = new Date(START + after).toISOString();
  return { offset, gap: false, message: { v: 1, id: `id-${offset}`, room_id: "main/lobby", author, text, sent_at } };
}

const never = () => false;

let edition = 0;
const edited = (lines: readonly Line[]) => ({ lines, edition: ++edition });

/** What is shown: the text, and how often it was said. */
function shown(rows: ReturnType<Rows["of"]>): string[] {
  return rows.map(({ line, repeats }) => line.message.text + (repeats.length > 0 ? ` ×${repeats.length + 1}` : ""));
}

it.each([
  [0, 0],
  [2, 1],
  [3, 1],
  [4, 2],
  [9, -1],
])("after offset %i begins row %i", (offset, row) => {
  const rows = new Rows().of(edited([said(2, "a"), said(4, "b"), said(9, "c")]), false, never);
  expect(firstAfter(rows, offset)).toBe(row);
});

it("after an offset begins a row of the newest log, where offsets counted anew", () => {
  const lines = [...[6, 7, 8, 9].map((offset) => said(offset, "old")), ...[1, 2, 3].map((offset) => said(offset, "new"))];
  const rows = new Rows().of(edited(lines), false, never);
  expect([1, 2, 3].map((offset) => firstAfter(rows, offset))).toEqual([5, 6, -1]);
});

describe("rows", () => {
  const chat = [said(1, "gg"), said(2, "left"), said(3, "GG"), said(4, "gg!"), said(5, "gg!!!")];

  it("are one for each line, as long as nothing is folded", () => {
    expect(shown(new Rows().of(edited(chat), false, never))).toEqual(["gg", "left", "GG", "gg!", "gg!!!"]);
  });

  it("fold what says the same, whatever its letter case and however many marks it ends in", () => {
    expect(shown(new Rows().of(edited(chat), true, never))).toEqual(["gg ×2", "left", "gg! ×2"]);
  });

  it("fold again and again, as long as each comes soon after the one before", () => {
    const lines = [0, WITHIN, 2 * WITHIN, 3 * WITHIN + 1].map((after, at) => said(at, "gg", after));
    expect(shown(new Rows().of(edited(lines), true, never))).toEqual(["gg ×3", "gg"]);
  });

  it("leave alone what is not to be folded", () => {
    const own = ({ offset }: Line) => offset === 3;
    expect(shown(new Rows().of(edited(chat.slice(0, 3)), true, own))).toEqual(["gg", "left", "GG"]);
  });

  it("fold nothing across the mark of what is new", () => {
    for (const mark of [2, 3, 4]) {
      const lines = [said(1, "gg"), said(2, "gg"), said(3, "left"), said(4, "left"), said(5, "gg"), said(6, "gg")];
      const whole = new Rows().of(edited(lines), true, never, mark);
      const rows = new Rows();
      for (let count = 0; count < lines.length; count++) rows.of({ lines: lines.slice(0, count), edition: 1 }, true, never, mark);
      expect(rows.of({ lines, edition: 1 }, true, never, mark)).toEqual(whole);
      expect(whole[firstAfter(whole, mark)]?.line.offset).toBe(mark + 1);
    }
  });

  it("take what comes as if all had come at once", () => {
    const rows = new Rows();
    for (let count = 0; count < chat.length; count++) rows.of({ lines: chat.slice(0, count), edition: 1 }, true, never);
    expect(rows.of({ lines: chat, edition: 1 }, true, never)).toEqual(new Rows().of(edited(chat), true, never));
  });

  it("follow when lines went, came before the others, or the choice is another", () => {
    const rows = new Rows();
    rows.of(edited(chat), true, never);
    expect(shown(rows.of(edited(chat.slice(1)), true, never))).toEqual(["left", "GG", "gg! ×2"]);
    expect(shown(rows.of(edited([said(0, "left"), ...chat]), true, never))).toEqual(["left ×2", "gg ×2", "gg! ×2"]);
    expect(shown(rows.of(edited(chat.filter(({ offset }) => offset !== 2)), true, never))).toEqual(["gg ×2", "gg! ×2"]);
    expect(shown(rows.of(edited(chat), false, never)).length).toBe(5);
  });

  it("take turns in their shade, and keep it when others come before them or go", () => {
    const rows = new Rows();
    const shade = (lines: Line[]) => new Map(rows.of(edited(lines), false, never).map(({ line, odd }) => [line.offset, odd]));
    const before = shade(chat);
    expect([...before.values()]).toEqual([false, true, false, true, false]);
    const older = [said(-1, "a"), said(0, "b")];
    for (const lines of [chat.slice(1), [...older, ...chat], chat.filter(({ offset }) => offset !== 3)]) {
      const after = shade(lines);
      for (const { offset } of chat) expect(after.get(offset) ?? before.get(offset), String(offset)).toBe(before.get(offset));
    }
    expect([...shade([...older, ...chat]).values()].slice(0, 3)).toEqual([false, true, false]);
    expect([...new Rows().of(edited(chat.slice(0, 1)), false, never)].map(({ odd }) => odd)).toEqual([false]);
  });
});

it("a message is found where it is folded", () => {
  const rows = new Rows().of(edited([said(1, "gg"), said(2, "left"), said(3, "gg")]), true, never);
  expect(["id-1", "id-2", "id-3", "id-4"].map((id) => place(rows, id))).toEqual([0, 1, 0, -1]);
});
