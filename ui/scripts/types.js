// Makes src/lib/protocol.ts of protocol/schemas/*.json. With --check it only says whether that file
// is up to date.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const schemas = new URL("../../protocol/schemas/", import.meta.url);
const target = new URL("../src/lib/protocol.ts", import.meta.url);

/** What the page speaks with; the other schemas are between services. */
const wanted = [
  "ban",
  "ban-list",
  "ban-request",
  "client-frame",
  "held-decided",
  "held-list",
  "held-request",
  "messages-page",
  "moderator-entry",
  "moderator-request",
  "modes",
  "modes-patch",
  "persona-status",
  "problem-document",
  "room-emotes",
  "room-list",
  "room-status",
  "server-frame",
  "session",
  "session-request",
];

const definitions = {};
const present = await readdir(schemas);
for (const name of wanted) {
  if (!present.includes(`${name}.json`)) throw new Error(`protocol/schemas/${name}.json is missing`);
  const { $defs = {}, $id, $schema, examples, ...root } = JSON.parse(
    await readFile(new URL(`${name}.json`, schemas), "utf8"),
  );
  Object.assign(definitions, $defs, { [root.title]: root });
}

/**
 * References to the one place of all definitions; what stands beside one would make a type of its
 * own. Bounds of lists are the gateway's to check: as types they would be unreadable.
 */
function tidy(value) {
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$ref === "string") return { $ref: value.$ref.replace("#/$defs/", "#/definitions/") };
  const { minItems, maxItems, ...rest } = value;
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, tidy(inner)]));
}

const all = Object.fromEntries(
  Object.entries(definitions)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => [name, { ...tidy(schema), title: name }]),
);

const types = await compile(
  {
    title: "Protocol",
    type: "object",
    properties: Object.fromEntries(Object.keys(all).map((name) => [name, { $ref: `#/definitions/${name}` }])),
    definitions: all,
    additionalProperties: false,
  },
  "Protocol",
  {
    additionalProperties: false,
    bannerComment: "// Made of protocol/schemas by `npm run types`. Don't edit.",
    style: { printWidth: 100 },
  },
);

// The type that holds one of each was only there to reach them.
const text = `${types.replace(/export interface Protocol \{[\s\S]*?\n\}\n/, "").trimEnd()}\n`;

if (process.argv.includes("--check")) {
  if ((await readFile(target, "utf8")) !== text) {
    console.error("src/lib/protocol.ts is not what the schemas say: run `npm run types`");
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
