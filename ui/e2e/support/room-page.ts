/** The chat page as a reader sees it, by roles and names. The only place that knows how it is marked up. */

import { expect, type Locator, type Page } from "@playwright/test";
import { ROOM } from "./home";

export class RoomPage {
  /** The list of messages. */
  readonly log: Locator;
  /** Where one writes. */
  readonly box: Locator;
  /** Whether it is connected, in a word. */
  readonly state: Locator;
  /** What it says of the connection, when there is something to say. */
  readonly notice: Locator;
  /** Says that the list stands still, and how many messages came since; leads to the newest. */
  readonly pauseBar: Locator;
  /** What a screen reader is told of new messages. */
  readonly announced: Locator;

  constructor(readonly page: Page) {
    this.log = page.getByRole("log", { name: "Chat messages" });
    this.box = page.getByRole("combobox", { name: "Say something" });
    this.state = page.getByRole("banner").getByRole("status");
    this.notice = page.getByRole("main").getByRole("status").filter({ hasText: /^\s*(Not connected|Connected again)/ });
    this.pauseBar = page.getByRole("button", { name: "Go to the newest" });
    this.announced = page.getByRole("status", { name: "New messages" });
  }

  /** Opens the room under this name, and waits until it is connected. */
  async enter(name: string, room = ROOM): Promise<void> {
    await this.page.goto(`/r/${room}`);
    await this.page.getByRole("button", { name: "Pick a name" }).click();
    await this.page.getByLabel("Your name").fill(name);
    await this.page.keyboard.press("Enter");
    await expect(this.page.getByText(`You are ${name}`)).toBeVisible();
    await this.live();
  }

  async live(): Promise<void> {
    await expect(this.state).toHaveText("Live");
  }

  /** Waits until the page says that there is no connection. */
  async lost(): Promise<void> {
    await expect(this.state).toHaveText("Not connected");
  }

  /** Says something by keyboard. */
  async say(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
  }

  /** The messages that are in the document, oldest first: not more than what is seen, and a little around it. */
  get messages(): Locator {
    return this.log.getByRole("article");
  }

  /** Those that show this text, whole, as their own. */
  message(text: string): Locator {
    const shown = this.page.locator(".line .text").and(this.page.getByText(text, { exact: true }));
    return this.messages.filter({ has: shown });
  }

  /** Those that say that a persona wrote them, whatever else they say. */
  get ofPersonas(): Locator {
    return this.messages.filter({ has: this.#badge });
  }

  /** Those of one persona, and none that only names it or replies to who did. */
  ofPersona(name: string): Locator {
    return this.ofPersonas.and(this.page.getByRole("article", { name: new RegExp(`^${name}, AI persona`) }));
  }

  /** All others. */
  get ofPeople(): Locator {
    return this.messages.filter({ hasNot: this.#badge });
  }

  get #badge(): Locator {
    return this.page.getByTitle("An AI persona, not a person");
  }

  /** The card of a persona, closed or open; it opens and closes by its button. */
  persona(name: string): Locator {
    return this.page.getByRole("region", { name: "AI personas" }).getByRole("listitem").filter({ hasText: name });
  }

  /** Waits until this is the last message in the document, and is seen. */
  async newest(text: string): Promise<void> {
    await expect(this.messages.last().locator(".line .text")).toHaveText(text);
    await expect(this.messages.last()).toBeInViewport();
  }

  /** The ids of the messages that are in the document, from top to bottom. */
  async ids(): Promise<string[]> {
    return this.messages.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-id") ?? ""));
  }

  /** The ids of all messages, read from the first to the last as a reader would who scrolls through. */
  async scrollThrough(): Promise<string[]> {
    // Whatever a reader does not scroll by hand follows the chat.
    await this.wheelUp();
    return this.log.evaluate(async (list) => {
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      const seen = new Set<string>();
      list.scrollTop = 0;
      for (let steps = 0; steps < 10_000; steps++) {
        // The rows are put into the document in one frame, and measured in the next.
        await frame();
        await frame();
        list.querySelectorAll("[data-id]").forEach((row) => seen.add(row.getAttribute("data-id") ?? ""));
        if (list.scrollTop + list.clientHeight > list.scrollHeight - 2) return [...seen];
        list.scrollTop += list.clientHeight / 2;
      }
      throw new Error("the list has no end");
    });
  }

  /** The id of the first message that is seen whole. */
  async firstSeen(): Promise<string> {
    return this.log.evaluate((list) => {
      const top = list.getBoundingClientRect().top;
      const rows = [...list.querySelectorAll("[data-id]")];
      return rows.find((row) => row.getBoundingClientRect().top >= top)?.getAttribute("data-id") ?? "";
    });
  }

  /** Goes back a little with the wheel, and waits until the list stands still. */
  async wheelUp(): Promise<void> {
    await this.log.hover();
    await this.page.mouse.wheel(0, -400);
    await expect(this.pauseBar).toContainText("Scrolled up");
  }

  /** What is cut off at the right, or can only be seen by scrolling sideways; texts that end in an ellipsis aside. */
  async tooWide(): Promise<string[]> {
    return this.page.evaluate(() => {
      const ends = (element: Element | null): boolean =>
        element !== null && (getComputedStyle(element).textOverflow === "ellipsis" || ends(element.parentElement));
      return [...document.querySelectorAll("body, body *")]
        .filter((element) => {
          const { right, width, height } = element.getBoundingClientRect();
          return width > 1 && height > 1 && right > innerWidth + 1 && !ends(element);
        })
        .map((element) => `${element.localName}.${element.className}`);
    });
  }
}
