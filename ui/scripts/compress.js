// Leaves each larger file of dist/ in compressed form beside it: the gateway sends what a browser takes.

import { readFile, readdir, writeFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** What is smaller fits one packet as it is. */
const WORTH_IT = 1_200;

const dist = new URL("../dist/", import.meta.url);
for (const name of await readdir(dist, { recursive: true })) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue;
  const file = new URL(name, dist);
  const bytes = await readFile(file);
  if (bytes.length < WORTH_IT) continue;
  await writeFile(new URL(`${name}.gz`, dist), gzipSync(bytes, { level: 9 }));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  await writeFile(new URL(`${name}.br`, dist), brotliCompressSync(bytes, quality));
}
