"""What the fields of a form in a browser send, as the raw values of options."""

from collections.abc import Mapping, Sequence

from portal.form.kinds.texts import BETWEEN_ENDS, joined
from portal.jobtype.kinds.lists import SeveralOption
from portal.jobtype.kinds.ranges import RangeOption
from portal.jobtype.model import JobType
from portal.jobtype.option import BooleanOption, OptionBase


def raw_of_html(
    jobtype: JobType, posted: Mapping[str, Sequence[str]], *, prefix: str = "option."
) -> dict[str, str]:
    """The raw values of a posted form whose fields are named `option.<name>`: of each option one text.

    The last value of a name counts, so that a hidden "false" before a box is overruled by the ticked box; a
    boolean that was not sent at all is an unticked box.
    """
    raw = texts_of_html(jobtype, posted, prefix=prefix)
    if raw:
        for option in jobtype.options:
            if isinstance(option, BooleanOption):
                raw.setdefault(option.name, "false")
    return raw


def texts_of_html(jobtype: JobType, posted: Mapping[str, Sequence[str]], *, prefix: str) -> dict[str, str]:
    """The texts of the fields that were sent, one of each option: of several parts they are put together."""
    options = {option.name: option for option in jobtype.options}
    sent = {name.removeprefix(prefix): list(texts) for name, texts in posted.items() if name.startswith(prefix)}
    return {
        name: _as_one(options[name], texts) if len(texts) > 1 and name in options else texts[-1]
        for name, texts in sent.items()
    }


def typed_of_html(
    jobtype: JobType, posted: Mapping[str, Sequence[str]], *, prefix: str = "option.", shown: str = "shown."
) -> dict[str, str]:
    """The texts of the fields in which another one stands than the page showed by itself.

    The page sends that along, named `shown.<name>`: what a dataset gave which is chosen no longer, or the job type
    as it was, is nothing that anybody typed.
    """
    by_itself = texts_of_html(jobtype, posted, prefix=shown)
    texts = texts_of_html(jobtype, posted, prefix=prefix)
    return {
        name: text
        for name, text in texts.items()
        if name not in by_itself or _plain(text) != _plain(by_itself[name])
    }


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _as_one(option: OptionBase, texts: Sequence[str]) -> str:
    """What several fields of one option say, in the one text that stands for it."""
    if isinstance(option, RangeOption):
        return BETWEEN_ENDS.join(texts) if any(text.strip() for text in texts) else ""
    if isinstance(option, SeveralOption):
        return joined([text for text in texts if text.strip()])
    return texts[-1]
