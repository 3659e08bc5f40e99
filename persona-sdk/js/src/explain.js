/** How a call that threw is explained to its author. */

/** `    at name (/src/persona.js:12:9)`, and without a name. */
const FRAME = /^\s*at (?:(.*?) \()?(\/[^():]*\.m?js):(\d+)(?::(\d+))?\)?\s*$/;

/**
 * The error in one line with the place in the author's code, and the stack as the author knows the
 * files: without the SDK's own frames behind theirs.
 *
 * @param {unknown} error
 * @param {{project: string, sdk: string}} build the folders of both, as the stack names them
 */
export function explain(error, { project, sdk }) {
  const words =
    error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`;
  const frames = String(error?.stack ?? "")
    .split("\n")
    .flatMap((line) => {
      const found = FRAME.exec(line);
      return found ? [{ name: found[1], file: found[2], place: `${found[3]}${found[4] ? `:${found[4]}` : ""}` }] : [];
    });
  const own = (frame) => !frame.file.startsWith(sdk);
  const shown = ({ name, file, place }) => {
    const short = file.startsWith(project) ? file.slice(project.length) : file;
    return name ? `${short}:${place} in ${name}` : `${short}:${place}`;
  };
  const first = frames.findIndex(own);
  if (first < 0) return { words, stack: "" };
  const last = frames.findLastIndex(own);
  return {
    words: `${words} at ${shown(frames[first])}`,
    stack: frames.slice(0, last + 1).map(shown).join("\n"),
  };
}
