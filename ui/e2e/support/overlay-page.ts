/** The overlay as it is seen over a stream. The only place that knows how it is marked up. */

import { expect, type Locator, type Page } from "@playwright/test";
import { ROOM } from "./home";

export class OverlayPage {
  /** The messages, oldest first. */
  readonly lines: Locator;
  /** What is told to whoever sets it up. */
  readonly told: Locator;

  constructor(readonly page: Page) {
    this.lines = page.locator("[data-id]");
    this.told = page.getByRole("status");
  }

  /** Opens it with these parameters, and waits until it is connected. */
  async open(query = "", room = ROOM): Promise<void> {
    const connected = this.page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
    await this.page.goto(`/overlay/${room}?${query}`);
    await connected;
  }

  /** What its messages say, oldest first. */
  async texts(): Promise<string[]> {
    return this.lines.locator(".text").allTextContents();
  }

  /** Waits until it shows these and no other. */
  async shows(...texts: string[]): Promise<void> {
    await expect(this.lines.locator(".text")).toHaveText(texts);
  }
}
