"""The portal from Python: `Client.from_environment().submit("qc", {"data": [12]})`.

Needs only the base install. Answers are the API's JSON documents as dicts; errors are those of portal.errors,
with the portal's own sentence. What is safe to repeat is repeated when the portal does not answer.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from portal.client.credentials import load_credentials
from portal.client.download import Progress, download_file, download_whole
from portal.client.drafts import Drafts
from portal.client.http import ERRORS, Document, segment
from portal.client.images import Images
from portal.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, UnavailableError

Value = bool | int | float | str | Sequence[int | float | str] | Mapping[str, int | float] | None
"""Of an option: a list of texts or numbers, or a range as {"low": 10, "high": 200}, where it takes one."""

POLL_S = 1.0
LONGEST_POLL_S = 10.0
JOBS_AT_ONCE = 500
MOST_NAME = 40
"""Characters of a job's number that the portal reads."""


class Client(Drafts, Images):
    """One portal, seen with one token."""

    @classmethod
    def from_environment(cls) -> "Client":
        """The portal of GANTRY_URL and GANTRY_TOKEN, or where `gantry login` signed in."""
        credentials = load_credentials()
        return cls(credentials.url, credentials.token)

    # ---- people and tokens -----------------------------------------------------------------------------------

    def me(self) -> Document:
        """The person whose token it is."""
        return self.get("me")

    def make_token(self, person: str, password: str, *, name: str, scopes: Sequence[str], days: int) -> Document:
        """A new token, by password; its `secret` cannot be had again."""
        body = {"person": person, "password": password, "name": name, "scopes": list(scopes), "days": days}
        return self.call("POST", "tokens", json=body)

    def ask_to_sign_in(self, *, name: str, scopes: Sequence[str], days: int) -> Document:
        """The codes with which a person lets this program in on the portal's page /device; see the API."""
        return self.call("POST", "device", json={"name": name, "scopes": list(scopes), "days": days})

    def fetch_token(self, device_code: str) -> Document:
        """Whether somebody has let it in: `status`, `interval`, and once the `token`."""
        return self.call("POST", "device/token", json={"device_code": device_code})

    def revoke_this_token(self) -> bool:
        """End the token that this client uses; True if it was found among the person's own."""
        prefix = (self.token or "")[:12]
        for token in self.get("tokens")["items"]:
            if token["prefix"] == prefix:
                self.call("DELETE", f"tokens/{token['id']}")
                return True
        return False

    # ---- data ------------------------------------------------------------------------------------------------

    def datasets(self, **query: Any) -> Iterator[Document]:
        """Datasets that match: text, type, instrument, experiment, kind, complete, sort; see the API."""
        return self.every("datasets", query)

    def dataset(self, dataset: int) -> Document:
        """One dataset with its parameters, pictures and history."""
        return self.get(f"datasets/{int(dataset)}")

    def methods(self, dataset: int) -> Document:
        """How a result was made, for a paper: `text`, `references`, `bibtex`, `steps`."""
        return self.get(f"datasets/{int(dataset)}/methods")

    def crate(
        self, dataset: int, target: Path, *, with_files: bool = True, progress: Progress | None = None
    ) -> Path:
        """A result and its history as an RO-Crate: a ZIP archive with its files, or its metadata file alone."""
        path = f"datasets/{int(dataset)}/ro-crate" + ("/content" if with_files else "")
        return download_whole(self.stream, path, target, progress, zipped=with_files)

    def files(self, dataset: int) -> Iterator[Document]:
        """The files of a dataset."""
        return self.every(f"datasets/{int(dataset)}/files", {})

    def download(
        self, dataset: int, folder: Path, *, progress: Progress | None = None, only: str | None = None
    ) -> list[Path]:
        """All files of a dataset beneath `folder`, checked against their checksums. `only`: a pattern on names.

        What is there already and right is kept; what was cut short goes on where it stopped.
        """
        return [
            download_file(self.stream, dataset, file, folder, progress)
            for file in self.files(dataset)
            if only is None or Path(file["name"]).match(only)
        ]

    def experiments(self, **query: Any) -> Iterator[Document]:
        """Experiments that this person may see, newest first."""
        return self.every("experiments", query)

    # ---- analyses and jobs -----------------------------------------------------------------------------------

    def analyses(self, datasets: Sequence[int] = ()) -> Document:
        """All analyses, or those that fit these datasets (`items`) and why others do not (`others`)."""
        return self.get("analyses", {"dataset": list(datasets)})

    def analysis(self, name: str, datasets: Sequence[int] = ()) -> Document:
        """One analysis with its form; with datasets the form has the defaults that they give."""
        return self.get(f"analyses/{segment(name)}", {"dataset": list(datasets)})

    def presets(self, analysis: str) -> Document:
        """The presets that this person, her teams and the facility keep of an analysis, as `items`."""
        return self.get(f"analyses/{segment(analysis)}/presets")

    def keep_preset(self, analysis: str, body: Mapping[str, Any]) -> Document:
        """Keep values: `name`, `options`, and if wanted `note`, `experiment`, `facility`, `replace`."""
        return self.call("POST", f"analyses/{segment(analysis)}/presets", json=dict(body))

    def remove_preset(self, preset: int) -> None:
        """Take a preset off."""
        self.call("DELETE", f"presets/{int(preset)}")

    def check(
        self,
        analysis: str,
        inputs: Mapping[str, Sequence[int]],
        options: Mapping[str, Value] | None = None,
        *,
        preset: str | None = None,
        mode: str = "each",
        experiment: int | None = None,
        variant: str | None = None,
    ) -> Document:
        """The form with these values and what is wrong with them; nothing is started."""
        body = {"inputs": _lists(inputs), "options": dict(options or {}), "preset": preset, "mode": mode}
        body |= _target(experiment) | ({"variant": variant} if variant else {})
        return self.call("POST", f"analyses/{segment(analysis)}/form", json=body, repeat=True)

    def submit(
        self,
        analysis: str,
        inputs: Mapping[str, Sequence[int]],
        options: Mapping[str, Value] | None = None,
        *,
        preset: str | None = None,
        mode: str = "each",
        variant: str | None = None,
        title: str | None = None,
        experiment: int | None = None,
        trial: Mapping[str, Any] | None = None,
        use: str | None = None,
        accept_terms: str | None = None,
        key: str | None = None,
        brief: bool = False,
    ) -> Document:
        """Start an analysis, once even if the answer is lost. `key` makes your own repetition harmless too.

        `experiment`: id of the one in which the result is filed, for an analysis that takes no dataset.
        `trial`: `{"option": "iterations", "values": [5, 10, 20]}` tries these on one dataset instead; see the API.
        `use`: academic or commercial, and `accept_terms`: the digest of the terms that you accept, where the
        analysis's form has `terms`.
        The submission with its jobs; with `brief` only `id`, `title` and `count`, the number of its jobs.
        """
        body = submission_body(
            analysis, inputs, options, preset=preset, mode=mode, variant=variant, title=title,
            experiment=experiment, trial=trial, use=use, accept_terms=accept_terms,
        )  # fmt: skip
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if brief:
            headers["Prefer"] = "return=minimal"
        return self.call("POST", "submissions", json=body, headers=headers, repeat=True)

    def start(self, body: Mapping[str, Any], *, key: str | None = None) -> Document:
        """The same of a whole body, as `submission_body` makes it."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self.call("POST", "submissions", json=dict(body), headers=headers, repeat=True)

    def check_submission(self, body: Mapping[str, Any], *, key: str | None = None) -> Document:
        """All that starting it would check, with the same errors: `title`, `count`, `held`, `earlier`."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.call("POST", "submissions/check", json=dict(body), headers=headers, repeat=True)

    def check_list(self, forms: Sequence[Document], *, key: str | None = None) -> list[Document]:
        """The same for the forms of `submit_list`."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"forms": [dict(form) for form in forms]}
        return list(self.call("POST", "submission-lists/check", json=body, headers=headers, repeat=True)["items"])

    def submit_list(self, forms: Sequence[Document], *, key: str | None = None) -> list[Document]:
        """Start up to 500 different analyses, all or none: `id`, `title` and the numbers of `jobs` of each.

        A form is what `POST /submissions` takes: `{"analysis": "qc", "inputs": {"data": [12]}, "options": {…}}`.
        """
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        body = {"forms": [dict(form) for form in forms]}
        made = self.call("POST", "submission-lists", json=body, headers=headers, repeat=True)
        return list(made["items"])

    def submission(self, submission: str) -> Document:
        """A submission with its jobs, by its id or a batch's number (B-17)."""
        return self.get(f"submissions/{segment(submission)}")

    def outlook(self, submission: str) -> Document:
        """When the last of its runs is likely to end: `words`, `basis`, `least_s`, `most_s`."""
        return self.get(f"submissions/{segment(submission)}/outlook")

    def trial(self, submission: str) -> Document:
        """What came of the values that a submission tries, side by side."""
        return self.get(f"trials/{segment(submission)}")

    def wait(
        self,
        submission: Document | str,
        *,
        timeout_s: float | None = None,
        tell: Callable[[Document], None] | None = None,
    ) -> list[Document]:
        """Wait until all jobs of a submission have ended; the jobs. Raises TimeoutError.

        `tell` is called with the submission after every look. A portal that does not answer for a while ends
        nothing: the jobs go on, and so does the waiting.
        """
        key = submission if isinstance(submission, str) else str(submission["id"])
        until = None if timeout_s is None else time.monotonic() + timeout_s
        pause = POLL_S
        while True:
            try:
                found = self.submission(key)
            except UnavailableError:
                found = None
            if found is not None:
                if tell is not None:
                    tell(found)
                if found["final"]:
                    return list(found["jobs"])
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"Still not ended after {timeout_s:g} s. The jobs go on.")
            time.sleep(pause)
            pause = min(LONGEST_POLL_S, pause * 1.2)

    def jobs(self, **query: Any) -> Iterator[Document]:
        """Jobs, newest first: state, person, text, submission."""
        return self.every("jobs", query)

    def job(self, job: str | int) -> Document:
        """One job, by number (J-1042) or id."""
        return self.get(f"jobs/{segment(job)}")

    def log(self, job: str | int, *, stream: str = "stdout", offset: int = 0) -> Document:
        """A piece of a job's log; go on at `next_offset` until `final`."""
        return self.get(f"jobs/{segment(job)}/logs/{segment(stream)}", {"offset": offset})

    def cancel(self, job: str | int) -> Document:
        """Ask for a job's end."""
        return self.call("POST", f"jobs/{segment(job)}/cancel", repeat=True)

    def rename_submission(self, submission: str, title: str, *, dry_run: bool = False) -> Document:
        """Give a batch another title; the submission. Its jobs and results keep theirs."""
        place = f"submissions/{segment(submission)}{_check(dry_run)}"
        return self.call("PATCH", place, json={"title": title}, repeat=True)

    def cancel_submission(self, submission: str, *, dry_run: bool = False) -> Document:
        """Ask for the end of every job of a submission that has not ended; the submission, as it would be."""
        return self.call("POST", f"submissions/{segment(submission)}/cancel{_check(dry_run)}", repeat=True)

    def cancel_many(self, jobs: Sequence[str | int], *, dry_run: bool = False) -> list[Document]:
        """Ask for the end of many jobs, each by itself: `job`, `done`, `state_words`, or why not in `detail`.

        500 in a request. Raises PortalError where the portal itself does not answer or lets nobody in.
        """
        return self._many("cancel", jobs, {"dry_run": dry_run}, repeat=True)

    def retry_many(
        self, jobs: Sequence[str | int], *, resources: str | None = None, dry_run: bool = False
    ) -> list[Document]:
        """Run many failed jobs again, as `cancel_many`."""
        return self._many("retry", jobs, {"dry_run": dry_run, "resources": resources}, repeat=False)

    def _many(
        self, what: str, jobs: Sequence[str | int], more: Mapping[str, Any], *, repeat: bool
    ) -> list[Document]:
        items: list[Document] = []
        words = [str(job)[:MOST_NAME] for job in jobs if str(job)]
        for first in range(0, len(words), JOBS_AT_ONCE):
            some = words[first : first + JOBS_AT_ONCE]
            try:
                answer = self.call("POST", f"job-lists/{what}", json={"jobs": some, **more}, repeat=repeat)
            except (NotFoundError, ForbiddenError, ConflictError, InvalidError) as error:
                if len(some) > 1:
                    raise
                status = next(code for code, kind in {**ERRORS, 422: InvalidError}.items() if type(error) is kind)
                items.append({"job": some[0], "done": False, "status": status, "detail": error.message})
                continue
            items += answer["items"]
        return items

    def retry_submission(self, submission: str, *, dry_run: bool = False) -> Document:
        """Run the failed jobs of a submission again; the submission, as it would be."""
        return self.call("POST", f"submissions/{segment(submission)}/retry-failed{_check(dry_run)}")

    def retry(self, job: str | int, *, resources: str | Mapping[str, int] | None = None) -> Document:
        """Run a failed job again; `resources`: "memory" or "time" for more of it."""
        wanted = resources if resources is None or isinstance(resources, str) else dict(resources)
        return self.call("POST", f"jobs/{segment(job)}/retry", json={"resources": wanted})


def submission_body(
    analysis: str,
    inputs: Mapping[str, Sequence[int]],
    options: Mapping[str, Value] | None = None,
    *,
    preset: str | None = None,
    mode: str = "each",
    variant: str | None = None,
    title: str | None = None,
    experiment: int | None = None,
    trial: Mapping[str, Any] | None = None,
    use: str | None = None,
    accept_terms: str | None = None,
) -> Document:
    """What POST /submissions and its check take."""
    body: Document = {
        "analysis": analysis,
        "inputs": _lists(inputs),
        "options": dict(options or {}),
        "preset": preset,
        "mode": mode,
        "variant": variant,
        "title": title,
    } | _target(experiment)
    if trial is not None:
        body["trial"] = dict(trial)
    return body | agreed(use, accept_terms)


def agreed(use: str | None, accept_terms: str | None) -> dict[str, str]:
    """What is said of an analysis's terms; only where it is said, since a portal of before refuses the fields."""
    return ({"use": use} if use else {}) | ({"accept_terms": accept_terms} if accept_terms else {})


def _check(dry_run: bool) -> str:
    """An address of its own: a portal of before there was it refuses, and does not do it after all."""
    return "/check" if dry_run else ""


def _target(experiment: int | None) -> dict[str, Any]:
    """Said only where it is chosen: a portal of before there was this field refuses what it does not know."""
    return {} if experiment is None else {"experiment": int(experiment)}


def _lists(inputs: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
    return {slot: [int(number) for number in ids] for slot, ids in inputs.items()}
