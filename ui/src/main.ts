import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { mount } from "svelte";
import App from "./App.svelte";

/** The page's address is /r/TENANT/ROOM. */
const room = location.pathname.match(/^\/r\/([^/]+\/[^/]+)\/?$/)?.[1] ?? "main/lobby";
const target = document.getElementById("app");
if (target) mount(App, { target, props: { id: room } });
