/** The chat page as a reader sees it, by roles and names. The only place that knows how it is marked up. */

import { expect, type Locator, type Page } from "@playwright/test";
import { ROOM } from "./home";

export class RoomPage {
  readonly log: Locator;
  readonly box: Locator;
  readonly connection: Locator;

  constructor(readonly page: Page) {
    this.log = page.getByRole("log");
    this.box = page.getByRole("textbox", { name: "Say something" });
    this.connection = page.locator(".connection");
  }

  /** Opens the room under this name, and waits until it is connected. */
  async enter(name: string, room = ROOM): Promise<void> {
    await this.page.goto(`/r/${room}`);
    await this.live();
    await this.page.getByLabel("Your name in this chat").fill(name);
    await this.page.getByRole("button", { name: "Use this name" }).click();
    await expect(this.page.getByText(`You are ${name}`)).toBeVisible();
    await this.live();
  }

  /** Says something by keyboard. */
  async say(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
  }

  /** The texts that are in the document, oldest first. */
  async texts(): Promise<string[]> {
    return this.messages.locator(".text").allTextContents();
  }

  async live(): Promise<void> {
    await expect(this.connection).toContainText("Live");
  }

  /** The messages that are in the document, oldest first. */
  get messages(): Locator {
    return this.log.locator(".message");
  }

  /** Those that have this text. */
  message(text: string): Locator {
    return this.messages.filter({ has: this.page.locator(".text").and(this.page.getByText(text, { exact: true })) });
  }

  /** Those that personas wrote. */
  get ofPersonas(): Locator {
    return this.messages.filter({ has: this.page.locator(".badge.ai") });
  }
}
