/** What the page shows of the chat as a whole. */

import { expect, test } from "./support/fixtures";

test("how fast the chat goes, who writes and what is said most are beside it, and nothing moves for that", async ({
  room,
  api,
  page,
}) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await room.enter("Ana");
  const below = page.getByRole("heading", { name: "AI personas" });
  await expect(below).toBeVisible();
  const place = await below.boundingBox();
  for (const author of ["Ben", "Cleo", "Ben"]) await api.say(author, "the tower falls :hype:");

  const now = page.getByRole("region", { name: "The chat now" });
  await expect(now).toContainText("3 a minute");
  await expect(now).toContainText("2 authors, no AI persona");
  const said = now.getByRole("list", { name: "Said most in the last minute" });
  await expect(said).toContainText("tower×3");
  await expect(said.getByRole("img", { name: ":hype:" })).toBeVisible();
  await expect(now.getByRole("img", { name: /^Messages over the last two minutes: .* now, [\d.]+ a second at most$/ })).toBeVisible();
  await expect(page.getByRole("banner")).toContainText("3 messages a minute");
  expect(await below.boundingBox()).toEqual(place);
});

test("who is named most is beside the chat, and what moderators take back is no trend", async ({ room, api, page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await room.enter("Ana");
  for (const author of ["Ben", "Cleo"]) await api.say(author, "@Ana pineapple pizza");
  const said = page.getByRole("region", { name: "The chat now" }).getByRole("list", { name: "Said most in the last minute" });
  await expect(said).toContainText("@Ana×2");
  await expect(said).toContainText("pineapple×2");
  await api.command("/clear");
  await expect(said.getByRole("listitem")).toHaveCount(0);
});
