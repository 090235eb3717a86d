"""The parts of the help page, as the search offers them."""

from typing import Final

PARTS: Final = (
    ("steps", "From your data to a result", "find dataset analysis form start result first steps works use begin"),
    ("who-sees", "Who sees my data?", "visible private access shared team public release lock globe permission"),
    ("waits", "My job waits", "waiting queue queued pending slow long start"),
    ("failed", "My job failed", "error failure broken memory time limit run again retry"),
    ("other-ways", "Is there another way in?", "command line api python token gantry login log terminal script"),
    ("ask", "Somebody to ask", "contact staff support question lost password account sign log"),
)
"""Where on the page (its id), its title, and other words that people look for it by."""
