/** WCAG 2.2 AA, as far as a program can check it. */

import axe, { type AxeResults } from "axe-core";
import { expect, type Page } from "@playwright/test";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Expects that axe objects to nothing in what the page shows now; otherwise it says to what, where and why. */
export async function expectAccessible(page: Page, when: string): Promise<void> {
  await page.evaluate(axe.source);
  let objections = await look(page);
  // A row that comes while axe looks is measured unseen at first, and half of it may count as hidden. What really is wrong
  // is so the next time too.
  if (objections.length > 0) objections = await look(page);
  expect(objections, `what axe objects to: ${when}`).toEqual([]);
}

async function look(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(async (values) => {
    // What is on its way in has the colours that it comes to only when it is there.
    const moving = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(moving.map(({ finished }) => finished));
    return (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: { type: "tag", values } });
  }, TAGS);
  return violations.flatMap(told);
}

function told({ id, nodes }: AxeResults["violations"][number]): string[] {
  return nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`);
}
