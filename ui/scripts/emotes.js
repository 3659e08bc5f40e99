// Makes src/lib/emotes.ts of protocol/emotes.json and the images in src/emotes. With --check it only
// says whether that file is up to date. An emote without an image, or the other way round, is an error.

import { readdir, readFile, writeFile } from "node:fs/promises";

const list = new URL("../../protocol/emotes.json", import.meta.url);
const images = new URL("../src/emotes/", import.meta.url);
const target = new URL("../src/lib/emotes.ts", import.meta.url);

const emotes = JSON.parse(await readFile(list, "utf8"));
const codes = emotes.map(({ code }) => code);
const drawn = (await readdir(images)).filter((name) => name.endsWith(".svg")).map((name) => name.slice(0, -4));

const wrong = [
  ...codes.filter((code) => !/^[a-z0-9]{1,32}$/.test(code)).map((code) => `protocol/emotes.json: ${code} is not made of a-z and 0-9`),
  ...codes.filter((code) => !drawn.includes(code)).map((code) => `src/emotes/${code}.svg is missing`),
  ...drawn.filter((code) => !codes.includes(code)).map((code) => `src/emotes/${code}.svg is no emote of protocol/emotes.json`),
];
if (wrong.length > 0) {
  console.error(wrong.join("\n"));
  process.exit(1);
}

/** A code can be a word that no variable may have as its name. */
const variable = (code) => `${code}Image`;

const text = `// Made of protocol/emotes.json by \`npm run types\`. Don't edit.

${codes.map((code) => `import ${variable(code)} from "../emotes/${code}.svg";`).join("\n")}

export interface Emote {
  readonly code: string;
  /** What it says, in words. */
  readonly means: string;
  /** The address of its image. */
  readonly image: string;
  /** Whether it may move. */
  readonly animated?: boolean;
}

export const EMOTES: readonly Emote[] = [
${emotes.map(({ code, means }) => `  { code: ${JSON.stringify(code)}, means: ${JSON.stringify(means)}, image: ${variable(code)} },`).join("\n")}
];
`;

if (process.argv.includes("--check")) {
  if ((await readFile(target, "utf8")) !== text) {
    console.error("src/lib/emotes.ts is not what protocol/emotes.json says: run `npm run types`");
    process.exit(1);
  }
} else {
  await writeFile(target, text);
}
