import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { mount } from "svelte";
import App from "./App.svelte";

/** The page's address is /r/TENANT/ROOM, or /share/TENANT/ROOM where one shares sound. */
const [, page, room] = location.pathname.match(/^\/(r|share)\/([^/]+\/[^/]+)\/?$/) ?? [];
const target = document.getElementById("app");
if (target) {
  const props = { id: room ?? "main/lobby" };
  // Few share, and who chats need not wait for it.
  if (page === "share") void import("./Share.svelte").then(({ default: Share }) => mount(Share, { target, props }));
  else mount(App, { target, props });
}
