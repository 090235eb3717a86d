import { defineConfig } from "vite";
import { iconSprite } from "./icons.js";

// Hashed names let the portal serve everything here as immutable; manifest.json maps our names to them.
// Nothing is inlined as a data: URL, because the content security policy allows images from 'self' only.
export default defineConfig({
  base: "./",
  publicDir: false,
  plugins: [iconSprite()],
  css: {
    preprocessorOptions: {
      // Bootstrap 5.3 is written with @import and the global functions; its own release notes say to silence these.
      scss: { quietDeps: true, silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"] },
    },
  },
  build: {
    outDir: "../static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: {
      // htmx can evaluate strings; ours is told not to (allowEval), and the policy forbids it besides.
      checks: { eval: false, pluginTimings: false },
      // Conditions have a file of their own, with all that it exports: tests run what was built (tests/browser).
      // So has the editor of YAML, which one page alone loads.
      input: ["src/main.ts", "src/theme.ts", "src/conditions.ts", "src/yaml/editor.ts", "styles/main.scss"],
      preserveEntrySignatures: "allow-extension",
    },
  },
});
