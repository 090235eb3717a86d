"""The live parts of an open page, asked at once."""

from playwright.sync_api import Page

ASK = """async () => {
  const now = Date.now.bind(Date), bell = document.querySelector('#bell');
  Date.now = () => now() + 100_000;
  const ended = new Promise((done) => document.addEventListener('htmx:afterRequest', done, {once: true}));
  bell.dispatchEvent(new Event('wake'));
  await ended;
  Date.now = now;
}"""


def ask_now(page: Page, times: int = 1) -> None:
    """The bell asks so often, without the pauses between; each question takes as long as it takes."""
    for _ in range(times):
        page.evaluate(ASK)
