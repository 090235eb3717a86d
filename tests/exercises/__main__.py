"""The exercises by name: `./run exercise` lists them, `./run exercise NAME [WORDS]` runs one.

They take long, or ask for a machine to themselves. What can be said in minutes of each is a test as well.
"""

import subprocess
import sys

from tests.house.by_name import choose

EXERCISES = {
    "chaos": ("tests.chaos", "break things at random while people work, then compare all accounts; root, a lab"),
    "queue": ("tests.exercises.queue", "what choosing the next jobs costs with 200,000 in the queue"),
    "pack": ("tests.exercises.pack", "a dataset of 100,000 files from registering to its packed result"),
    "flaky": (
        "tests.exercises.flaky",
        "tests again and again under load; lists which did not pass every time",
    ),
    "odd-words": ("tests.exercises.odd_words", "each command of `gantry` with each odd word"),
    "odd-requests": ("tests.exercises.odd_requests", "each page and door of the API with each odd value"),
    "first-command": ("tests.exercises.first_command", "each `./run` command as the first one in a fresh clone"),
}


def main(words: list[str]) -> int:
    """Run the named exercise; without a known name, list them."""
    about = {name: what for name, (_, what) in EXERCISES.items()}
    name = choose(words, about, "./run exercise NAME [WORDS]", "exercise")
    if isinstance(name, int):
        return name
    module, _ = EXERCISES[name]
    return subprocess.run([sys.executable, "-m", module, *words[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
