import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const folder = join(dirname(require.resolve("bootstrap-icons/package.json")), "icons");

// The icons the templates use, by the name `icon("…")` calls them. A test compares this list with the templates.
export const names = [
  "archive", "arrow-clockwise", "arrow-left", "arrow-right", "bell", "box-arrow-right", "calendar3", "camera", "check-circle-fill",
  "check-lg", "chevron-down", "chevron-right", "chevron-up", "circle", "circle-half", "clipboard", "clipboard-check", "clock", "cpu",
  "database", "disc", "download", "droplet", "exclamation-circle", "exclamation-octagon-fill",
  "exclamation-triangle", "funnel", "globe2", "grid", "grip-vertical", "hourglass-split", "house", "image", "info-circle",
  "key", "layers", "list-check", "lock", "memory", "moon-stars", "pause-circle-fill", "people", "person-circle",
  "play-fill", "question-circle", "save", "search", "slash-circle", "sliders", "speedometer2", "sun", "x-lg",
];

function symbol(name) {
  const svg = readFileSync(join(folder, `${name}.svg`), "utf8");
  const box = /viewBox="([^"]+)"/.exec(svg)[1];
  const body = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>")).trim().replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="${box}">${body}</symbol>`;
}

/** Vite plugin: the used icons as one SVG file of symbols, and the site's mark, hashed and in the manifest. */
export function iconSprite() {
  return {
    name: "icon-sprite",
    apply: "build",
    generateBundle() {
      const emit = (name, source) => {
        const hash = createHash("sha256").update(source).digest("hex").slice(0, 10);
        const fileName = `assets/${name.replace(".svg", "")}-${hash}.svg`;
        this.emitFile({ type: "asset", fileName, name, originalFileName: name, source });
      };
      emit("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${names.map(symbol).join("")}</svg>`);
      emit("mark.svg", readFileSync(new URL("./src/mark.svg", import.meta.url), "utf8"));
    },
  };
}
