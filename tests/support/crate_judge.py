"""roc-validator's judgement of an RO-Crate, by a process of its own that has no network.

The JSON-LD context is taken from the rocrate package: its 1.3 has the terms of 1.1 at the same addresses.
"""

import json
import zipfile
from pathlib import Path

import rocrate
from peers import run_peer

CONTEXT = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
PROFILES = ("ro-crate-1.1", "process-run-crate-0.5")

JUDGE = '''
import email.message, io, json, sys, urllib.request
context = open(sys.argv[2], "rb").read()

class Answer(io.BytesIO):
    code = status = 200
    def __init__(self, url):
        super().__init__(context)
        self.url = url
        self.headers = email.message.Message()
        self.headers["Content-Type"] = "application/ld+json"
    def geturl(self):
        return self.url
    def info(self):
        return self.headers

def opened(request, *_more, **_named):
    url = request if isinstance(request, str) else request.full_url
    if not url.startswith("https://w3id.org/ro/crate/1.1/context"):
        raise OSError(f"no network here: {url}")
    return Answer(url)

import rdflib.parser, requests
rdflib.parser._urlopen = urllib.request.urlopen = opened

class Asked:
    """In the place of the validator's own way to the network."""
    def get(self, url, **_named):
        answer = requests.Response()
        answer.url, answer.status_code = url, 404
        if url.startswith("https://w3id.org/ro/crate/1.1/context"):
            answer.status_code, answer.headers["Content-Type"] = 200, "application/ld+json"
            answer._content = context
        return answer
    head = fetch_fresh = get

import rocrate_validator.utils.http as http
http.HttpRequester.__getattr__ = lambda self, name: getattr(Asked(), name)
http.HttpRequester.fetch_fresh = Asked.get
from rocrate_validator import models, services
found = []
for profile in sys.argv[3:]:
    settings = services.ValidationSettings(
        rocrate_uri=sys.argv[1], profile_identifier=profile, requirement_severity=models.Severity.REQUIRED
    )
    result = services.validate(settings)
    found.append({
        "profile": profile, "passed": result.passed(),
        "checks": len(result.executed_checks) if hasattr(result, "executed_checks") else None,
        "issues": [f"{one.check.identifier}: {one.message}" for one in result.get_issues()],
    })
print("JUDGED " + json.dumps(found))
'''


def judged(crate: Path, profiles: tuple[str, ...] = PROFILES) -> list[str]:
    """What is wrong with a crate (a folder or a ZIP archive) at the REQUIRED level; empty where it is valid."""
    if crate.suffix == ".zip":
        folder = crate.with_suffix("")
        with zipfile.ZipFile(crate) as archive:
            assert archive.testzip() is None
            archive.extractall(folder)
        crate = folder
    printed = run_peer(JUDGE, [crate, CONTEXT, *profiles])
    (line,) = [line for line in printed.splitlines() if line.startswith("JUDGED ")]
    verdicts = json.loads(line.removeprefix("JUDGED "))
    assert [one["profile"] for one in verdicts] == list(profiles)
    return [f"{one['profile']} {issue}" for one in verdicts for issue in one["issues"] or ()] + [
        f"{one['profile']} did not pass" for one in verdicts if not one["passed"]
    ]
