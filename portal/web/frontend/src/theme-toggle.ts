const ORDER = ["auto", "light", "dark"] as const;
type Choice = (typeof ORDER)[number];

function current(): Choice {
  const stored = document.documentElement.dataset.themeChoice;
  return stored === "light" || stored === "dark" ? stored : "auto";
}

function apply(choice: Choice): void {
  const root = document.documentElement;
  if (choice === "auto") {
    delete root.dataset.theme;
    delete root.dataset.themeChoice;
    localStorage.removeItem("gantry-theme");
  } else {
    root.dataset.theme = choice;
    root.dataset.themeChoice = choice;
    localStorage.setItem("gantry-theme", choice);
  }
}

const WORDS: Record<Choice, string> = {
  auto: "Colours: as the device",
  light: "Colours: light",
  dark: "Colours: dark",
};

/** The button steps through device, light and dark. */
export function wireTheme(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-theme-toggle]")) {
    const label = () => {
      button.setAttribute("aria-label", WORDS[current()]);
      button.title = WORDS[current()];
    };
    label();
    button.addEventListener("click", () => {
      apply(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length] ?? "auto");
      label();
    });
  }
}
