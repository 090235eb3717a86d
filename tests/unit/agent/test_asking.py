"""Many accounts are asked side by side, and one that hangs is left: what is known then, what it costs others."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from portal.agent import asking
from portal.agent.accounts import Account, AccountRefusedError, Agents
from portal.agent.asking import StillAskedError
from portal.rpc.exchange import AnswerLostError, CallRefusedError

PATIENCE_S = 30.0
SOON_S = 0.3


class Client:
    """The agent of one account. It notes what it was asked, and hangs until it is let go."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.begun = threading.Event()
        self.answered = threading.Event()
        self.asked: list[object] = []
        self.fault: Exception | None = None

    def find(self, items: Sequence[tuple[str, str]]) -> list[str]:
        self.asked.append(list(items))
        self.begun.set()
        assert self.goes_on.wait(PATIENCE_S)
        if self.fault is not None:
            raise self.fault
        self.answered.set()
        return [f"{self.account}:{attempt}" for attempt, _name in items]

    def seal(self, attempts: Sequence[str]) -> list[str]:
        return self.find([(attempt, "sealed") for attempt in attempts])

    def submit(self, items: Sequence[dict[str, str]]) -> list[str]:
        return self.find([(item["attempt"], "submitted") for item in items])


class Facility:
    """Agents of some accounts."""

    def __init__(self, at_once: int = 4) -> None:
        self.clients = {name: Client(name) for name in ("maya", "tom", "ines", "ada", None)}
        self.agents = Agents(self.client_of, at_once=at_once, soon_s=SOON_S)

    def client_of(self, account: Account) -> Client:
        if account not in self.clients:
            raise AccountRefusedError("The cluster does not know it.")
        return self.clients[account]

    def find(self, *items: tuple[Account, str]) -> list[object]:
        return list(self.agents.find([(account, (attempt, "name")) for account, attempt in items]))

    def hang(self, account: Account) -> Client:
        client = self.clients[account]
        client.goes_on.clear()
        client.begun.clear()
        client.answered.clear()
        return client

    def let_go(self, client: Client) -> None:
        client.goes_on.set()
        deadline = threading.Event()
        for _ in range(int(PATIENCE_S / 0.01)):
            if client.account not in self.agents.hanging():
                return
            deadline.wait(0.01)
        raise AssertionError("it still hangs")


@pytest.fixture
def facility() -> Iterator[Facility]:
    made = Facility()
    yield made
    for client in made.clients.values():
        client.goes_on.set()


def test_answers_are_in_order_whoever_gives_them(facility):
    told = facility.find(("tom", "a"), ("maya", "b"), (None, "c"), ("tom", "d"), ("nobody", "e"))
    assert told[:4] == ["tom:a", "maya:b", "None:c", "tom:d"]
    assert isinstance(told[4], AccountRefusedError)
    assert facility.clients["tom"].asked == [[("a", "name"), ("d", "name")]]


def test_an_account_that_hangs_is_left_and_the_others_have_their_answers(facility):
    facility.hang("maya")
    told = facility.find(("maya", "a"), ("tom", "b"), ("ines", "c"), ("ada", "d"), (None, "e"))
    assert told[1:] == ["tom:b", "ines:c", "ada:d", "None:e"]
    # Lost, not refused: it may act yet.
    assert isinstance(told[0], AnswerLostError)
    assert facility.agents.hanging() == {"maya"}


def test_nothing_else_is_asked_of_it_until_it_has_answered(facility):
    maya = facility.hang("maya")
    facility.find(("maya", "a"))
    for _ in range(3):
        lost, answered = facility.find(("maya", "b"), ("tom", "c"))
        assert isinstance(lost, StillAskedError)
        assert isinstance(lost, CallRefusedError)
        assert answered == "tom:c"
    assert maya.asked == [[("a", "name")]]
    facility.let_go(maya)
    assert facility.find(("maya", "b")) == ["maya:b"]


def test_a_late_answer_is_the_answer_to_the_same_question_once(facility):
    maya = facility.hang("maya")
    facility.find(("maya", "a"), ("maya", "b"))
    facility.let_go(maya)
    assert facility.find(("maya", "a"), ("maya", "z"), ("tom", "a")) == ["maya:a", "maya:z", "tom:a"]
    assert maya.asked == [[("a", "name"), ("b", "name")], [("z", "name")]]
    assert facility.find(("maya", "a")) == ["maya:a"]
    assert maya.asked[2:] == [[("a", "name")]]


def test_a_late_answer_is_no_answer_to_another_verb_or_account(facility):
    maya = facility.hang("maya")
    facility.agents.seal([("maya", "a")])
    facility.let_go(maya)
    assert facility.find(("maya", "a"), ("tom", "a")) == ["maya:a", "tom:a"]
    assert len(maya.asked) == 2
    assert facility.agents.seal([("maya", "a")]) == ["maya:a"]
    assert len(maya.asked) == 2


@pytest.mark.parametrize("fault", [AnswerLostError("It broke."), ValueError("a fault")], ids=["lost", "fault"])
def test_what_went_wrong_late_is_asked_again(facility, fault):
    maya = facility.hang("maya")
    maya.fault = fault
    facility.find(("maya", "a"))
    facility.let_go(maya)
    maya.fault = None
    assert facility.find(("maya", "a")) == ["maya:a"]
    assert len(maya.asked) == 2


def test_a_fault_in_a_call_is_raised(facility):
    facility.clients["tom"].fault = ValueError("a fault")
    with pytest.raises(ValueError, match="a fault"):
        facility.find(("tom", "a"))


def test_submissions_come_as_they_are_answered_and_a_late_one_is_lost(facility):
    maya = facility.hang("maya")
    items = [("maya", {"attempt": "a"}), ("tom", {"attempt": "b"}), ("maya", {"attempt": "c"})]
    told = list(facility.agents.submit_by_account(items))
    assert told[0] == {1: "tom:b"}
    assert {place: type(one) for place, one in told[1].items()} == {0: AnswerLostError, 2: AnswerLostError}
    [refused] = facility.agents.submit_by_account(items[:1])
    assert isinstance(refused[0], StillAskedError)
    facility.let_go(maya)
    # It is not given to another submission: whether the first arrived is for `find` to say.
    assert list(facility.agents.submit_by_account(items[:1])) == [{0: "maya:a"}]
    assert len(maya.asked) == 2


def test_those_that_were_slow_are_asked_last():
    facility = Facility(at_once=1)
    maya = facility.hang("maya")
    facility.find(("maya", "a"))
    facility.let_go(maya)
    order = []
    items = [(account, {"attempt": "x"}) for account in ("maya", "tom", "ines")]
    for answers in facility.agents.submit_by_account(items):
        order += [items[place][0] for place in answers]
    assert order == ["tom", "ines", "maya"]
    order = [items[place][0] for some in facility.agents.submit_by_account(items) for place in some]
    assert order == ["maya", "tom", "ines"]


def test_whoever_stops_listening_leaves_the_calls_to_themselves(facility):
    maya = facility.hang("maya")
    items = [("maya", {"attempt": "a"}), ("tom", {"attempt": "b"})]
    answers = facility.agents.submit_by_account(items)
    assert next(answers) == {1: "tom:b"}
    answers.close()
    assert facility.agents.hanging() == {"maya"}
    facility.let_go(maya)


def test_so_many_hang_that_none_is_begun(facility, monkeypatch):
    monkeypatch.setattr(asking, "MOST_LEFT", 2)
    hung = [facility.hang("maya"), facility.hang("tom")]
    facility.find(("maya", "a"), ("tom", "b"))
    [refused] = facility.find(("ines", "c"))
    assert isinstance(refused, StillAskedError)
    for client in hung:
        facility.let_go(client)
    assert facility.find(("ines", "c")) == ["ines:c"]


def test_what_is_kept_is_bounded(facility, monkeypatch):
    monkeypatch.setattr(asking, "MOST_KEPT", 2)
    maya = facility.hang("maya")
    facility.find(("maya", "a"), ("maya", "b"), ("maya", "c"))
    facility.let_go(maya)
    maya = facility.hang("maya")
    facility.find(("maya", "d"))
    facility.let_go(maya)
    asked = len(maya.asked)
    assert facility.find(("maya", "d"), ("maya", "a")) == ["maya:d", "maya:a"]
    assert maya.asked[asked:] == [[("a", "name")]]
