"""How fast many jobs reach Slurm: through the portal, and by sbatch of the same person on the same host.

`./run bench cluster-hand-over [--single 500] [--array 1000] [--rounds 3]` in a lab that is up. The partition
is closed meanwhile, so that jobs only wait. All ways in each round, one after the other; `ratio` is the portal's
rate by the shell's for single jobs (`single`: a request each, one after another; `side_by_side`: a request each,
over four connections; `list`: 500 different forms a request), and the portal's time by sbatch's for an array.
`floor` is what no portal of this design can leave out, each taken alone: a request over TLS, a start of the
person's agent, and an sbatch of so large an array.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import lab

PERSON = "maya"
AGENT = "/usr/libexec/gantry-agent"
AT_ONCE = 500
TRIES = 5
CONNECTIONS = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--single", type=int, default=500)
    parser.add_argument("--array", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    site = lab.lab_site(max(given.array, 1))
    lab.closed(site, yes=True)
    try:
        rounds = [measure(site, given.single, given.array) for _ in range(given.rounds)]
    finally:
        lab.closed(site, yes=False)
    ratios = {name: statistics.median(one[name]["ratio"] for one in rounds) for name in rounds[0]}
    print(json.dumps({"rounds": rounds, "median ratio": ratios, "load": lab.load()}, indent=1))


def measure(site: lab.LabSite, single: int, array: int) -> dict[str, dict[str, float]]:
    """One round of each, in seconds until Slurm knows all."""
    found = {}
    if single:
        shell, portal = shell_loop(site, single), portal_loop(site, single)
        found["single"] = {"shell_s": shell, "portal_s": portal, "ratio": round(shell / portal, 2)}
        beside = portal_side_by_side(site, single)
        found["side_by_side"] = {"shell_s": shell, "portal_s": beside, "ratio": round(shell / beside, 2)}
        listed = portal_list(site, single)
        found["list"] = {"shell_s": shell, "portal_s": listed, "ratio": round(shell / listed, 2)}
    if array:
        shell, portal = shell_array(site, array), portal_array(site, array)
        found["array"] = {"shell_s": shell, "portal_s": portal, "ratio": round(portal / shell, 2)}
        floor = request_floor(site) + agent_floor(site) + shell
        found["floor"] = {"shell_s": shell, "portal_s": round(floor, 3), "ratio": round(floor / shell, 2)}
    return found


def shell_loop(site: lab.LabSite, count: int) -> float:
    """`for …; do sbatch …; done` on the portal's host, as the person."""
    words = "sbatch --quiet --mem=64 --time=5 --output=/dev/null --wrap=true"
    return _as_person(site, f"for i in $(seq {count}); do {words}; done", count)


def shell_array(site: lab.LabSite, count: int) -> float:
    """One `sbatch --array`."""
    words = "sbatch --quiet --mem=64 --time=5 --output=/dev/null --wrap=true"
    return _as_person(site, f"{words} --array=0-{count - 1}", count)


def _as_person(site: lab.LabSite, script: str, count: int) -> float:
    began = time.monotonic()
    site.portal.run("runuser", "-u", PERSON, "--", "sh", "-c", script, timeout=lab.PATIENCE_S)
    lab.until(lambda: lab.known(site, PERSON) >= count)
    return _took(site, began)


def portal_loop(site: lab.LabSite, count: int) -> float:
    """As many submissions of one dataset, one after another, through nginx and the API."""
    client = site.client(PERSON)
    datasets = site.datasets[lab.HOME[PERSON]]
    began = time.monotonic()
    for number in range(count):
        client.submit("lab-count", {"data": [datasets[number % len(datasets)]]}, brief=True)
    lab.until(lambda: lab.known(site, PERSON) >= count)
    return _took(site, began)


def portal_side_by_side(site: lab.LabSite, count: int) -> float:
    """As many submissions of one dataset, a request each, over a few connections of the same person."""
    datasets = site.datasets[lab.HOME[PERSON]]
    clients = [site.client(PERSON) for _ in range(CONNECTIONS)]

    def send(place: int) -> None:
        for number in range(place, count, CONNECTIONS):
            inputs = {"data": [datasets[number % len(datasets)]]}
            clients[place].submit("lab-count", inputs, brief=True)

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(send, range(CONNECTIONS)))
    lab.until(lambda: lab.known(site, PERSON) >= count)
    return _took(site, began)


def portal_list(site: lab.LabSite, count: int) -> float:
    """As many submissions of one dataset, 500 a request."""
    client = site.client(PERSON)
    datasets = site.datasets[lab.HOME[PERSON]]
    forms = [
        {"analysis": "lab-count", "inputs": {"data": [datasets[number % len(datasets)]]}}
        for number in range(count)
    ]
    began = time.monotonic()
    for first in range(0, count, AT_ONCE):
        client.submit_list(forms[first : first + AT_ONCE])
    lab.until(lambda: lab.known(site, PERSON) >= count)
    return _took(site, began)


def request_floor(site: lab.LabSite) -> float:
    """The median time of a request that reads almost nothing."""
    client = site.client(PERSON)
    return statistics.median(_timed(client.me) for _ in range(TRIES))


def agent_floor(site: lab.LabSite) -> float:
    """The median time of a start of the agent by sudo, as the daemon, with a request that it refuses at once."""
    words = ("runuser", "-u", "gantry-daemon", "--", "sudo", "-n", "-u", PERSON, "--", AGENT)
    return statistics.median(_timed(lambda: site.portal.run(*words)) for _ in range(TRIES))


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def portal_array(site: lab.LabSite, count: int) -> float:
    """One submission on so many datasets."""
    client = site.client(PERSON)
    datasets = site.datasets[lab.HOME[PERSON]][:count]
    began = time.monotonic()
    client.submit("lab-count", {"data": datasets})
    lab.until(lambda: lab.known(site, PERSON) >= count)
    return _took(site, began)


def _took(site: lab.LabSite, began: float) -> float:
    took = round(time.monotonic() - began, 3)
    lab.swept(site, PERSON)
    return took


if __name__ == "__main__":
    main()
