#!/usr/bin/env node
/**
 * From a project to a component: `chatter-persona [DIR] [--out FILE]`.
 *
 * The project's `package.json` names the module and its version; `main` is the file whose default
 * export is the persona. Nothing of the author's code is bundled or rewritten, so an error's place is
 * the line in the author's file.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const SDK = dirname(realpathSync(fileURLToPath(import.meta.url)));

/** Builds the project in a folder; gives the file that it wrote. */
export async function build(folder, out) {
  const project = realpathSync(folder);
  const manifest = readManifest(join(project, "package.json"));
  const main = resolve(project, manifest.main);
  if (!existsSync(main)) {
    throw new Error(`package.json: main: ${manifest.main} does not exist`);
  }
  // Modules are read from one folder that holds both: the SDK may stand beside the project.
  const root = commonFolder(project, SDK);
  const inRoot = (path) => `/${relative(root, path).split(sep).join("/")}`;
  const folderOf = (path) => inRoot(path).replace(/\/*$/, "/");
  const wit = witFile();
  const version = /^package chatter:persona@([0-9.]+);/m.exec(readFileSync(wit, "utf8"))?.[1];
  if (!version) throw new Error(`${wit} names no version of chatter:persona`);
  const about = {
    name: moduleName(manifest.name),
    version: manifest.version,
    project: folderOf(project),
    sdk: folderOf(join(SDK, "src")),
  };
  // The entry is no file; it stands where this one does, and imports from there.
  const from = (file) => {
    const path = relative(SDK, file).split(sep).join("/");
    return JSON.stringify(path.startsWith(".") ? path : `./${path}`);
  };
  const entry = [
    ...["llm", "memory", "log"].map((name) => `import ${name} from "chatter:persona/${name}@${version}";`),
    `import Persona from ${from(main)};`,
    `import { component } from ${from(join(SDK, "src", "component.js"))};`,
    `export const guest = component(Persona, { llm, memory, log }, ${JSON.stringify(about)});`,
  ].join("\n");
  const { componentize } = await engine();
  let built;
  try {
    built = await componentize({
      witPath: wit,
      jsSource: entry,
      jsPath: join(SDK, "build.js"),
      moduleRoot: root,
      // The host calls a persona and waits for it; nothing else runs in its instance.
      sync: true,
    });
  } catch (error) {
    throw new Error(`${about.name} can't be built: ${tidied(error, about)}`);
  }
  const file = out ? resolve(out) : join(project, "dist", `${about.name}.wasm`);
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, built.component);
  renameSync(unfinished, file);
  return { file, bytes: built.component.length };
}

function readManifest(file) {
  if (!existsSync(file)) throw new Error(`${file} does not exist: this is no JavaScript project`);
  let manifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file}: ${error.message}`);
  }
  for (const field of ["name", "version", "main"]) {
    if (typeof manifest[field] !== "string") throw new Error(`${file}: \`${field}\` is missing`);
  }
  return manifest;
}

/** A package's name as a module's, which is made of a-z, 0-9 and -. */
export function moduleName(name) {
  return name.replace(/^@[^/]*\//, "").replaceAll("_", "-").toLowerCase();
}

/** The contract: beside the SDK where it was vendored, or in chatter's own repository. */
function witFile() {
  const places = [join(SDK, "wit", "persona.wit"), join(SDK, "..", "..", "wit", "persona.wit")];
  const found = places.find(existsSync);
  if (!found) throw new Error(`the contract is missing: neither ${places.join(" nor ")} exists`);
  return found;
}

function commonFolder(a, b) {
  let folder = a;
  while (relative(folder, b).startsWith("..")) folder = dirname(folder);
  return folder;
}

async function engine() {
  try {
    return await import("componentize-qjs");
  } catch (error) {
    throw new Error(`componentize-qjs is not there (${error.code ?? error.message}): run \`npm ci\` first`);
  }
}

/** What the engine says of the author's code, with places as paths within the project. */
export function tidied(error, { project }) {
  // A project that lies beside no other has the folder of all modules: its places begin with a slash.
  const places = project === "/" ? /(?<=['(]|\bat )\/(?=\w)/g : project;
  return String(error.message)
    .replace(/^(Error: |: |Failed to [^:]*: )+/, "")
    .replaceAll(places, "")
    .trim();
}

async function main(words) {
  const at = words.indexOf("--out");
  const out = at >= 0 ? words.splice(at, 2)[1] : undefined;
  if ((at >= 0 && !out) || words.length > 1 || words[0]?.startsWith("-")) {
    console.error("usage: chatter-persona [DIR] [--out FILE]");
    return 2;
  }
  try {
    const { file, bytes } = await build(words[0] ?? ".", out);
    console.log(`${relative(process.cwd(), file) || file}: ${bytes} bytes`);
    return 0;
  } catch (error) {
    console.error(error.message);
    return 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
