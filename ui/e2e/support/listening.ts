/** A lobby that listens to pages. */

import { expect } from "@playwright/test";
import type { Host } from "./host";

/** The lobby listens to what pages share from now on, and its host knows. */
export async function listensToPages(host: Host): Promise<void> {
  host.home.write("configs/rooms/lobby.toml", `id = "main/lobby"\ntitle = "The lobby"\n[source]\nuri = "browser:"\n`);
  const may = () => fetch(`${host.url}/v1/rooms/main/lobby/sound`, { headers: { authorization: `Bearer ${host.token}` } });
  await expect.poll(async () => (await may()).status).toBe(204);
}
