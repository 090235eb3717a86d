"""How far the saving of a result is, in words. Pure."""

from portal import words

FEW = 20
"""With so few files bytes tell more."""


def saving(files: int, of_files: int, size: int = 0, of_size: int = 0) -> str:
    """`Saving: 12,000 of 100,000 files.`, or of a few large ones `Saving: 3 GB of 20 GB.`"""
    if of_files < FEW and of_size:
        return f"Saving: {words.size(size)} of {words.size(of_size)}."
    return f"Saving: {files:,} of {words.count(of_files, 'file')}."


def checking(files: int, of_files: int) -> str:
    """`Saved; checking: 12,000 of 100,000 files.`"""
    return f"Saved; checking: {files:,} of {words.count(of_files, 'file')}."


def too_much(why: str, *, kept_days: float) -> str:
    """A result that is over one of the site's limits. `why` is a sentence."""
    stays = f"What it wrote stays in its working folder for {words.count(round(kept_days), 'day')}"
    return (
        f"{why.rstrip('.')}. Your dataset is unchanged, and nothing was added to the catalogue. {stays}: "
        "staff can hand it out, or raise the limit. Running it again as it is would end the same way; "
        "fewer and larger files help, or a smaller part of the data."
    )
