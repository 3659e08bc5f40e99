/** The crowd: it speaks by itself, it answers, and nobody can take it for people. */

import { LIVELY } from "./support/home";
import { expect, test } from "./support/fixtures";

test.describe("the shipped room", () => {
  test.use({ crowd: "shipped" });

  test("its personas speak by themselves beside the shipped stream, and each line says that it is an AI's", async ({
    room,
    api,
  }) => {
    await room.enter("Ana");
    await expect.poll(() => room.messages.count()).toBeGreaterThanOrEqual(3);
    await expect(room.page.getByRole("region", { name: "On the stream now" })).toContainText("the stream begins");
    await expect(room.page.getByText("offline model")).toBeVisible();
    await expect(room.page.getByText("--llm openai").first()).toBeVisible();

    // Nobody else is in the room, so each line is a persona's.
    const log = await api.log();
    expect(log.every(({ message }) => message.author.kind === "persona")).toBe(true);
    await expect(room.ofPeople).toHaveCount(0);
  });
});

test.describe("a lively room", () => {
  test.use({ crowd: "lively" });

  test("a persona's card says who it is: its words, its traits, its module", async ({ room, page }) => {
    await room.enter("Ana");
    const card = room.persona(LIVELY.moss);
    await card.getByRole("button", { name: LIVELY.moss }).click();
    await expect(card.getByText("AI", { exact: true })).toBeVisible();
    await expect(card).toContainText("Night-shift archivist");
    await expect(card).toContainText(/humou?r/i);
    await expect(card).toContainText(/regular \d+\.\d+\.\d+/);
    await card.getByRole("button", { name: `Mention ${LIVELY.moss}` }).click();
    await expect(room.box).toHaveValue(`@${LIVELY.moss} `);
    await expect(room.box).toBeFocused();
    expect(page.url()).toMatch(/\/r\/main\/lobby$/);
  });

  test("a persona's name in the chat shows that it is one and what it has said, and leads to its traits", async ({ room, page }) => {
    await room.enter("Ana");
    await expect(room.persona(LIVELY.nova)).toBeVisible();
    const line = room.ofPersona(LIVELY.nova).first();
    await line.getByRole("button", { name: LIVELY.nova, exact: true }).click();
    const card = page.getByRole("dialog", { name: LIVELY.nova });
    await expect(card).toContainText("An AI persona of this room");
    await expect(card.getByRole("list", { name: `Messages of ${LIVELY.nova}` }).getByRole("listitem").first()).toBeVisible();
    await card.getByRole("button", { name: "Traits and module" }).click();
    const head = room.persona(LIVELY.nova).getByRole("button", { name: LIVELY.nova }).first();
    await expect(head).toHaveAttribute("aria-expanded", "true");
  });

  test("who calls a persona by name is answered by it, with the answered message beside the answer", async ({ room, api }) => {
    await room.enter("Ana");
    await room.say("Moss, how do I clean a rusty screw?");
    await expect(room.message("Moss, how do I clean a rusty screw?")).toHaveCount(1);

    const answer = room.ofPersona(LIVELY.moss).filter({ hasText: "how do I clean a rusty screw?" });
    await expect(answer.first()).toBeVisible();
    const log = await api.log();
    const question = log.find(({ message }) => message.author.name === "Ana");
    const answers = log.filter(({ message }) => message.reply_to === question?.message.id);
    expect(answers.map(({ message }) => message.author.name)).toContain(LIVELY.moss);
  });
});
