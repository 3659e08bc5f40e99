import { describe, expect, it } from "vitest";
import { callable, wrote } from "./people";
import type { Person, PersonaStatus } from "./protocol";

const person = (name: string, kind: Person["kind"] = "viewer"): Person => ({ id: `guest:${name}`, name, kind });

const persona = (name: string): PersonaStatus => ({
  v: 1,
  room_id: "main/lobby",
  persona_id: name.toLowerCase(),
  name,
  module: { name: "regular", digest: "", contract: "0.1.0" },
  health: "ok",
  calls: 0,
  failures: 0,
  lines: 0,
  at: "2026-01-31T12:00:00.000Z",
});

describe("who can be called", () => {
  it("are personas, then who is there, then who wrote last", () => {
    const choices = callable([persona("Nova")], [person("Ben")], [person("Cleo"), person("Dan")], null);
    expect(choices.map(({ term, about }) => `${term} ${about}`.trim())).toEqual(["Nova AI persona", "Ben", "Dan", "Cleo"]);
  });

  it("is nobody twice, and not oneself", () => {
    const recent = [person("Nova", "persona"), person("ben"), person("Ana")];
    const choices = callable([persona("Nova")], [person("Ben")], recent, "guest:Ana");
    expect(choices.map(({ term }) => term)).toEqual(["Nova", "Ben"]);
  });

  it("has an id for who is alone with a name", () => {
    const choices = callable([persona("Nova")], [person("Ben"), person("Cleo")], [person("ben"), person("Cleo")], null);
    expect(choices.map(({ id }) => id)).toEqual(["persona:nova", undefined, "guest:Cleo"]);
  });
});

describe("who wrote lately", () => {
  it("is the same list while nobody new writes", () => {
    const recent = wrote([], person("Ana"));
    expect(wrote(recent, person("Ana"))).toBe(recent);
  });

  it("has the newest name of each", () => {
    const renamed = { ...person("Ana"), name: "Ana2" };
    expect(wrote(wrote([], person("Ana")), renamed)).toEqual([renamed]);
  });

  it("is bounded", () => {
    let recent: readonly Person[] = [];
    for (let n = 0; n < 300; n++) recent = wrote(recent, person(`n${n}`));
    expect(recent.length).toBe(200);
    expect(recent.at(-1)?.name).toBe("n299");
  });
});
