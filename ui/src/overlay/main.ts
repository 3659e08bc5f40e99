import "./overlay.css";
import { mount } from "svelte";
import { hasFont } from "./fonts";
import Overlay from "./Overlay.svelte";
import { SETUP, read } from "./options";

/** The page's address is /overlay/TENANT/ROOM. */
const [, room = "main/lobby"] = location.pathname.match(/^\/overlay\/([^/]+\/[^/]+)\/?$/) ?? [];
const query = new URLSearchParams(location.search);
const { options, wrong } = read(query);
const target = document.getElementById("app");
if (target) {
  if (query.has(SETUP)) {
    void import("./Setup.svelte").then(({ default: Setup }) => mount(Setup, { target, props: { room, begin: options } }));
  } else {
    if (options.font !== "" && !hasFont(options.font)) wrong.push(`font: this computer has none that is called ${options.font}`);
    mount(Overlay, { target, props: { room, options, wrong } });
  }
}
