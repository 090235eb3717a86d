"""The parts of the help page, as the search offers them."""

from typing import Final

PARTS: Final = (
    ("steps", "From your data to a result", "find dataset analysis form start result first steps how it works"),
    ("who-sees", "Who sees my data?", "access shared team public release lock globe permission"),
    ("waits", "My job waits", "waiting queue pending slow start"),
    ("failed", "My job failed", "error failure memory time limit run again retry"),
    ("other-ways", "Is there another way in?", "command line api python token gantry login script"),
    ("ask", "Somebody to ask", "contact staff support question"),
)
"""Where on the page (its id), its title, and other words that people look for it by."""
