import { expect, it } from "vitest";
import { uuid } from "./uuid";

it("is a UUIDv7 of its time", () => {
  const id = uuid(0x017f22e279b0);
  expect(id).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid(0x017f22e279b0)).not.toBe(id);
});
