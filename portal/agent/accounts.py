"""The agents of many people, asked side by side: each account's items go to an agent that runs as that account.

One account that is refused, hangs or breaks harms no other: what went wrong with it is the answer for its items.
One that hangs is waited for a few seconds only (portal/agent/asking.py).
"""

import pwd
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from portal.agent.asking import SOON_AN_ITEM_S, SOON_S, Account, Asking
from portal.agent.client import Fenced, Sealed, Submitted, Taken
from portal.rpc.exchange import AnswerLostError, CallRefusedError, NotStartedError, Refusal

T = TypeVar("T")
Item = TypeVar("Item")
Asked = TypeVar("Asked", bound=Hashable)
Failed = AnswerLostError | CallRefusedError
"""What went wrong with all items of an account, as their answer: not raised."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""A Unix account as it may become an argument: no option, no number, no sudo's `#uid` or `%group`."""
SUDO_REFUSES = re.compile(
    r"not allowed to execute|may not run sudo|unknown user|password is required|not in the sudoers"
)


class AccountRefusedError(CallRefusedError):
    """Nothing can be done as this account; the person's staff must mend it. Nothing was done."""


class Client(Protocol):
    """The agent of one account: portal.agent.client.AgentClient."""

    def submit(self, items: Sequence[Mapping[str, Any]]) -> Sequence[Submitted | Refusal]: ...

    def find(self, items: Sequence[tuple[str, str]]) -> Sequence[Taken | Refusal | None]: ...

    def fence(self, attempts: Sequence[str]) -> Sequence[Fenced | Refusal]: ...

    def cancel(
        self, items: Sequence[tuple[str, str, str]], *, by: str | None = None
    ) -> Sequence[bool | Refusal]: ...

    def seal(self, attempts: Sequence[str]) -> Sequence[Sealed | Refusal]: ...

    def purge(self, attempts: Sequence[str]) -> Sequence[bool | Refusal]: ...


class Agents:
    """Asks the agents of many accounts. Every method takes (account, item) pairs and answers in their order.

    `client_of` makes the client of one account, and raises AccountRefusedError where there can be none. One that
    has not answered after `soon_s`, and a little more for each item, is not waited for: AnswerLostError.
    """

    def __init__(
        self, client_of: Callable[[Account], Client], *, at_once: int = 4, soon_s: float = SOON_S
    ) -> None:
        self.client_of = client_of
        self._soon_s = soon_s
        self._asking = Asking(at_once)

    def hanging(self) -> frozenset[Account]:
        """The accounts that are asked nothing now, as they have not answered an earlier call."""
        return self._asking.hanging()

    def submit_by_account(
        self, items: Sequence[tuple[Account, Mapping[str, Any]]]
    ) -> Iterator[dict[int, Submitted | Refusal | Failed]]:
        """Submit items as AgentClient.submit takes them, an account at a time: answers by the item's position."""
        # What is answered too late is found by `find`, as after any answer that was lost.
        return self._each(items, lambda client, some: client.submit(some), lambda _answers: None)

    def find(self, items: Sequence[tuple[Account, tuple[str, str]]]) -> list[Taken | Refusal | Failed | None]:
        """The jobs of (attempt, name), as AgentClient.find."""
        return self._ask("find", items, lambda client, some: client.find(some))

    def fence(self, attempts: Sequence[tuple[Account, str]]) -> list[Fenced | Refusal | Failed]:
        """Take the claims of attempts."""
        return self._ask("fence", attempts, lambda client, some: client.fence(some))

    def cancel(
        self, items: Sequence[tuple[Account, tuple[str, str, str]]], *, by: str | None = None
    ) -> list[bool | Refusal | Failed]:
        """Ask for the end of (attempt, job id, name)."""
        return self._ask("cancel", items, lambda client, some: client.cancel(some, by=by))

    def seal(self, attempts: Sequence[tuple[Account, str]]) -> list[Sealed | Refusal | Failed]:
        """Let the portal read attempts' folders."""
        return self._ask("seal", attempts, lambda client, some: client.seal(some))

    def purge(self, attempts: Sequence[tuple[Account, str]]) -> list[bool | Refusal | Failed]:
        """Remove attempts' folders."""
        return self._ask("purge", attempts, lambda client, some: client.purge(some))

    def _ask(
        self,
        name: str,
        items: Sequence[tuple[Account, Asked]],
        verb: Callable[[Client, Sequence[Asked]], Sequence[T]],
    ) -> list[T | Failed]:
        questions = [(name, account, item) for account, item in items]
        known = self._asking.kept(questions)
        answers: dict[int, T | Failed] = {
            place: known[question] for place, question in enumerate(questions) if question in known
        }
        rest = [place for place in range(len(items)) if place not in answers]

        def late(some: Mapping[int, T | Failed]) -> None:
            came = {questions[rest[place]]: answer for place, answer in some.items()}
            self._asking.keep({question: one for question, one in came.items() if not isinstance(one, Failed)})

        for some in self._each([items[place] for place in rest], verb, late):
            answers |= {rest[place]: answer for place, answer in some.items()}
        return [answers[place] for place in range(len(items))]

    def _each(
        self,
        items: Sequence[tuple[Account, Item]],
        verb: Callable[[Client, Sequence[Item]], Sequence[T]],
        late: Callable[[Mapping[int, T | Failed]], None],
    ) -> Iterator[dict[int, T | Failed]]:
        """Answers by the item's position, an account at a time; `late` gets those that nobody waited for."""
        groups: dict[Account, list[int]] = defaultdict(list)
        for position, (account, _item) in enumerate(items):
            groups[account].append(position)

        def ask(account: Account, positions: Sequence[int]) -> dict[int, T | Failed]:
            some = [items[position][1] for position in positions]
            try:
                answers = verb(self.client_of(account), some)
            except (AnswerLostError, CallRefusedError) as error:
                return dict.fromkeys(positions, _in_words(error, account))
            return dict(zip(positions, answers, strict=True))

        calls = {account: partial(ask, account, positions) for account, positions in groups.items()}
        soon_s = self._soon_s + SOON_AN_ITEM_S * max(map(len, groups.values()), default=0)
        for account, answer in self._asking.each(calls, late, soon_s=soon_s):
            yield dict.fromkeys(groups[account], answer) if isinstance(answer, Failed) else answer


def _in_words(error: Failed, account: Account) -> Failed:
    """Sudo's refusal by its words; they are read only where the agent certainly did not begin."""
    if isinstance(error, NotStartedError) and account is not None and SUDO_REFUSES.search(error.detail or ""):
        return AccountRefusedError(
            f"The portal may not act as the account {account} on the cluster.", detail=error.detail
        )
    return error


def checked_account(account: str) -> str:
    """The account, fit to be an argument and known to this host. Raises AccountRefusedError."""
    if not NAME.fullmatch(account):
        raise AccountRefusedError("This sign-in name is not a Unix account.", detail=repr(account))
    try:
        pwd.getpwnam(account)
    except KeyError:
        raise AccountRefusedError(f"The cluster does not know the account {account}.") from None
    return account
