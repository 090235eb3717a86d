"""Waiting for the agents of many accounts at a time, and for none of them long.

A call that is not answered soon is left: whoever asked hears that the answer was lost, which says nothing of what
was done. The call goes on by itself to its end; until then its account is asked nothing else. If its answer comes
after all, it is kept as the answer to the same question, for whoever asks again: slow is not the same as silent.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

from portal.rpc.exchange import AnswerLostError, CallRefusedError

T = TypeVar("T")
Key = TypeVar("Key", bound=Hashable)
Account = str | None
"""A Unix account; None is the portal's own, the embedded default."""

SOON_S = 10.0
SOON_AN_ITEM_S = 0.02
MOST_LEFT = 64
"""Calls that go on by themselves, each a thread and a process. With so many, none is begun."""
MOST_KEPT = 10_000
"""Answers that came too late and that nobody has asked for again."""


class StillAskedError(CallRefusedError):
    """An earlier call to this account has not been answered, so this one was not made: nothing was done."""


class Asking:
    """Calls under way, `at_once` at a time, and what is known of those that were left."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._left: Counter[Account] = Counter()
        self._slow: set[Account] = set()
        self._kept: dict[Hashable, Any] = {}

    def hanging(self) -> frozenset[Account]:
        """The accounts that are asked nothing now, as they have not answered a call that was left."""
        with self._lock:
            return frozenset(self._left)

    def keep(self, answers: Mapping[Key, object]) -> None:
        """Keep answers that came too late."""
        with self._lock:
            if len(self._kept) + len(answers) > MOST_KEPT:
                self._kept.clear()
            for question, answer in answers.items():
                self._kept[question] = answer

    def kept(self, keys: Sequence[Key]) -> dict[Key, Any]:
        """The answers to these questions that came too late for whoever asked first; each is given once."""
        with self._lock:
            return {key: self._kept.pop(key) for key in dict.fromkeys(keys) if key in self._kept}

    def each(
        self, calls: Mapping[Account, Callable[[], T]], late: Callable[[T], None], *, soon_s: float
    ) -> Iterator[tuple[Account, T | AnswerLostError | StillAskedError]]:
        """Make these calls, and give what each answered as soon as it has; `late` gets answers that come later.

        Accounts that were slow the last time are asked last.
        """
        with self._lock:
            waiting = deque(sorted(calls, key=self._slow.__contains__))
        under_way: dict[Future[T], tuple[Account, float]] = {}
        try:
            while waiting or under_way:
                if waiting and len(under_way) < self._at_once:
                    account = waiting.popleft()
                    if self._may_be_asked(account):
                        under_way[_begun(calls[account])] = account, time.monotonic() + soon_s
                    else:
                        yield account, StillAskedError("The cluster does not answer for this account.")
                    continue
                first = min(overdue for _account, overdue in under_way.values())
                done, _open = wait(under_way, max(0.0, first - time.monotonic()), FIRST_COMPLETED)
                for future in done:
                    account, _overdue = under_way.pop(future)
                    self._answered(account)
                    yield account, future.result()
                for future, (account, overdue) in list(under_way.items()):
                    if time.monotonic() >= overdue and not future.done():
                        del under_way[future]
                        self._leave(account, future, late)
                        yield account, AnswerLostError("The answer is late. Whether it was done is not known.")
        finally:
            for future, (account, _overdue) in under_way.items():
                self._leave(account, future, late)

    def _may_be_asked(self, account: Account) -> bool:
        with self._lock:
            return account not in self._left and self._left.total() < MOST_LEFT

    def _answered(self, account: Account) -> None:
        with self._lock:
            self._slow.discard(account)

    def _leave(self, account: Account, future: Future[T], late: Callable[[T], None]) -> None:
        with self._lock:
            self._left[account] += 1
            self._slow.add(account)

        def ended(future: Future[T]) -> None:
            if future.exception() is None:
                late(future.result())
            with self._lock:
                self._left[account] -= 1
                self._left += Counter()  # without accounts that have none left

        future.add_done_callback(ended)


def _begun(call: Callable[[], T]) -> Future[T]:
    """A call that runs in a thread of its own, for which the end of this process does not wait."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # it is raised where the answer is waited for
            future.set_exception(error)

    threading.Thread(target=run, name="agent", daemon=True).start()
    return future
