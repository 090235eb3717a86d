import "./guard";

// Loaded before the page is painted, as a classic script, so that a chosen scheme never flashes.
{
  const choice = localStorage.getItem("gantry-theme");
  if (choice === "light" || choice === "dark") {
    document.documentElement.dataset.theme = choice;
    document.documentElement.dataset.themeChoice = choice;
  }
  document.documentElement.classList.remove("no-script");
}
