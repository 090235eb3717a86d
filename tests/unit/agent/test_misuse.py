"""What a request to the agent can say that no honest portal would: each is refused and harms no other."""

import os

import pytest

from portal.agent import backend
from portal.agent.client import Refusal, Submitted
from portal.rpc.exchange import UnusableError

HALF = "half \ud800 a character"
LARGER_THAN_ANY_FLOAT = 10**4000


@pytest.mark.parametrize(
    "bend",
    [
        lambda item: item["order"]["job"].update(title=HALF),
        lambda item: item["order"]["job"].update(person=HALF),
        lambda item: item["order"]["options"].update(sigma=LARGER_THAN_ANY_FLOAT),
        lambda item: item["order"]["options"].update(label=HALF),
        lambda item: item["order"]["inputs"]["stack"][0].update(name=HALF),
        lambda item: item["order"]["inputs"]["stack"][0].update(location=HALF),
        lambda item: item["order"]["inputs"]["stack"][0].update(files=[{"name": HALF}]),
        lambda item: item["order"]["inputs"]["stack"][0].update(
            parameters={"x": {"value": LARGER_THAN_ANY_FLOAT}}
        ),
        lambda item: item["order"]["inputs"]["stack"][0].update(parameters={"x": {"value": HALF}}),
        lambda item: item["order"]["inputs"]["stack"][0].update(parameters={HALF: {"value": 1}}),
        lambda item: item.update(share=LARGER_THAN_ANY_FLOAT),
    ],
    ids=["title", "person", "number", "text", "name", "location", "file", "value", "words", "parameter", "share"],
)
def test_what_no_file_could_hold_is_refused_and_harms_no_other(facility, bend):
    spoiled, good = facility.item(), facility.item()
    bend(spoiled)
    refused, taken = facility.client.submit([spoiled, good])
    assert isinstance(refused, Refusal)
    assert refused.code in {"request", "option"}
    assert isinstance(taken, Submitted)
    assert not facility.folder(spoiled).exists()


def test_a_claim_that_cannot_be_read_is_somebodys_and_harms_no_other(facility):
    first, second = facility.item(), facility.item()
    facility.client.submit([first, second])
    claim = facility.folder(first) / "claim"
    claim.unlink(missing_ok=True)
    claim.write_text("[" * 60_000)
    spoiled, _fine = facility.client.fence([first["attempt"], second["attempt"]])
    assert (spoiled.won, spoiled.claim) == (False, {})


def test_groups_that_are_not_the_persons_are_refused():
    backend.refuse_foreign_groups(os.getgrouplist(backend.pwd.getpwuid(os.geteuid()).pw_name, os.getegid()))
    with pytest.raises(UnusableError, match="not this person's"):
        backend.refuse_foreign_groups([64_999])
