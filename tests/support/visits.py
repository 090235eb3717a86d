"""What each browser is asked after a page that polls, searches or posts: is it the whole page, as it was?"""

from collections.abc import Mapping
from typing import Final

POLLING: Final = (
    "home", "data", "data-searched", "experiments", "experiment", "dataset", "analyses", "analyses-fitting",
    "form", "jobs", "job-done", "job-failed", "batch", "me", "notices", "device", "not-found",
)  # fmt: skip
"""Pages by the short names of `Demo.pages`; all of them have the bell, which polls."""

WAKE: Final = """(() => {
  const asked = () => performance.getEntriesByType('resource').filter((one) => one.name.includes('/part/')).length;
  const before = asked();
  const live = [...document.querySelectorAll('[data-live]')];
  for (const one of live) one.dispatchEvent(new Event('wake'));
  return new Promise((resolve) => {
    const look = () => (live.length && asked() >= before + live.length ? resolve(true) : setTimeout(look, 20));
    look();
  });
})()"""
"""Let every live part of the page ask once, and wait for the answers."""

SEEN: Final = """({
  address: location.pathname + location.search,
  whole: !!document.querySelector('header.header') && !!document.querySelector('footer'),
  title: document.title,
  head: document.querySelector('h1')?.textContent.trim() ?? '',
  who: document.documentElement.dataset.person ?? '',
})"""
"""What a page is, without what may change while one is away."""


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """In words, what is no longer as it was; empty if nothing."""
    if not before["whole"]:
        return f"is no whole page to begin with: {before}"
    return ", ".join(
        f"{name} was {before[name]!r}, is {after[name]!r}" for name in before if before[name] != after[name]
    )
