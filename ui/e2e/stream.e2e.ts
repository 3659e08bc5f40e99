/** What the page shows of the stream: heard from the host that watches it, or told to it. */

import { expect, test } from "./support/fixtures";
import { RoomApi } from "./support/room";

const AT = 184_000;

test("what is said and happens on the stream, and what the streamer asks, are beside the chat", async ({ room, api, page }) => {
  await room.enter("Ana");
  await api.show({
    position_ms: AT,
    transcript: [
      { start_ms: AT - 9_000, end_ms: AT - 5_000, text: "okay, the bridge is out" },
      { start_ms: AT - 4_000, end_ms: AT, text: "chat, left tower or right tower?" },
    ],
    keywords: [{ term: "tower", score: 1 }],
    events: [{ id: "f-1", kind: "fail", text: "the bridge fell", at_ms: AT - 20_000, confidence: 0.9 }],
    chat_question: { id: "q-1", text: "left tower or right tower?", at_ms: AT - 1_000 },
  });

  const stream = page.getByRole("region", { name: "On the stream now" });
  await expect(stream).toContainText("okay, the bridge is out");
  await expect(stream).toContainText("chat, left tower or right tower?");
  await expect(stream).toContainText("the bridge fell");
  await expect(stream).toContainText("3:04");
  await expect(stream).toContainText("tower");
  const question = page.getByRole("main").getByRole("status").filter({ hasText: "The streamer asks" });
  await expect(question).toContainText("left tower or right tower?");

  await page.getByRole("button", { name: "Close the question" }).click();
  await expect(question).toHaveCount(0);
});

test("who comes later is shown what the stream said last", async ({ room, api, page }) => {
  await api.show({ position_ms: AT, transcript: [{ start_ms: AT - 4_000, end_ms: AT, text: "anyway, onwards" }] });
  await room.enter("Ana");
  await expect(page.getByRole("region", { name: "On the stream now" })).toContainText("anyway, onwards");
});

test("what happens in another room stays there", async ({ room, host, page }) => {
  await room.enter("Ana");
  const studio = new RoomApi(host, "main/studio");
  await studio.show({ position_ms: AT, transcript: [{ start_ms: 0, end_ms: AT, text: "in the studio" }] });
  await studio.say("Ben", "said in the studio");
  await room.say("said in the lobby");
  await expect(room.message("said in the lobby")).toBeVisible();
  await expect(page.getByText("in the studio")).toHaveCount(0);
});
