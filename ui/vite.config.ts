import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running chatter. */
const host = process.env["CHATTER_URL"] ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [svelte()],
  build: {
    // The gateway's policy lets the page load files of its own alone: nothing is put inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The chat page, and the overlay, which has nothing of it that it doesn't need.
    rollupOptions: { input: ["index.html", "overlay.html"] },
    target: "es2022",
    // The first that know light-dark(): what lib/look.svelte.ts reads must reach the browser as it is written.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
  },
  test: {
    include: ["src/**/*.test.ts"],
    // Tests read the tokens of the style sheet.
    css: true,
  },
  server: {
    proxy: { "/v1": { target: host, ws: true, changeOrigin: false } },
  },
});
