"""What it costs to track many separate jobs that wait at Slurm: processor seconds and questions a minute.

`./run bench cluster-tracking [--jobs 10000] [--seconds 120]` in a lab that is up. The partition is closed. One
submission is made through the API and multiplied in the database, each copy a submission and a job of its own. The
daemon hands them all over, one sbatch each (its rate is printed): it is told not to join them, as what waits
of an array is one row for Slurm. Then it is left alone and watched.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import lab

PERSON = "maya"
MULTIPLY = """
CREATE TEMP TABLE made AS SELECT gen_random_uuid()::text AS id, n FROM generate_series(1, :count) AS n;
INSERT INTO submission (id, person_id, revision_id, investigation_id, title, options, variant, resources, mode,
  created) SELECT made.id, person_id, revision_id, investigation_id, title, options, variant, resources, mode,
  now() FROM submission, made WHERE submission.id = :'first';
INSERT INTO job (submission_id, person_id, "index", title, state, options, investigation_id, resources, created,
  changed, progress, waiting) SELECT made.id, person_id, 0, title, 'queued', options, investigation_id, resources,
  now(), now(), '{}', '{}' FROM job, made WHERE submission_id = :'first';
INSERT INTO job_input (job_id, slot, position, dataset_id, dataset_name)
  SELECT job.id, slot, position, dataset_id, dataset_name FROM made JOIN job ON job.submission_id = made.id,
  job_input JOIN job AS origin ON origin.id = job_input.job_id WHERE origin.submission_id = :'first';
"""
SEPARATE = "/run/systemd/system/gantry-daemon.service.d/separate.conf"
PSQL = 'cd / && printf %s "$1" | runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 -v "$2" -v "$3" -d gantry'
ASKED = re.compile(r"^\s*gantry-daemon\s*\(\s*\d+\)\s*count:(\d+)\s+ave_time:\d+\s+total_time:(\d+)", re.MULTILINE)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    site = lab.lab_site(24)
    lab.closed(site, yes=True)
    try:
        with separate(site):
            print(json.dumps(measure(site, given.jobs, given.seconds), indent=1))
    finally:
        lab.swept(site, PERSON)
        lab.closed(site, yes=False)


@contextmanager
def separate(site: lab.LabSite) -> Iterator[None]:
    """A daemon that hands each job over by itself."""
    restart = "systemctl daemon-reload && systemctl restart gantry-daemon"
    words = "[Service]\\nEnvironment=GANTRY_SLURM_JOIN_SINGLES=false\\n"
    made = f"mkdir -p ${{0%/*}} && printf '{words}' > $0 && {restart}"
    site.portal.run("sh", "-ec", made, SEPARATE)
    try:
        yield
    finally:
        site.portal.run("sh", "-ec", f"rm -f $0 && {restart}", SEPARATE)


def measure(site: lab.LabSite, jobs: int, seconds: float) -> dict[str, float]:
    """Hand over, let it settle, watch."""
    client = site.client(PERSON)
    first = client.submit("lab-count", {"data": site.datasets[lab.HOME[PERSON]][:1]})
    lab.until(lambda: lab.known(site, PERSON) >= 1)
    began = time.monotonic()
    named = (f"count={jobs - 1}", f"first={first['id']}")
    done = site.portal.run("sh", "-c", PSQL, "sh", MULTIPLY, *named, timeout=300)
    if done.returncode:
        raise SystemExit(done.stderr)
    lab.until(lambda: lab.known(site, PERSON) >= jobs)
    handed_s = time.monotonic() - began
    lab.until(lambda: client.get("jobs", {"state": "pending", "limit": 1})["total"] >= jobs)
    time.sleep(seconds / 2)  # the pauses between questions grow while nothing moves
    before, began = _spent(site), time.monotonic()
    time.sleep(seconds)
    after, minutes = _spent(site), (time.monotonic() - began) / 60
    rates = {f"{name}_a_minute": round((after[name] - before[name]) / minutes, 2) for name in before}
    return {"jobs": jobs, "handed_over_s": round(handed_s, 1), **rates, "load": lab.load()}


def _spent(site: lab.LabSite) -> dict[str, float]:
    """So far: processor seconds of the daemon and its children, its RPCs, slurmctld's time on them."""
    told = site.portal.run("systemctl", "show", "-P", "CPUUsageNSec", "gantry-daemon").stdout
    found = ASKED.search(site.cluster.hosts["ctl"].run("sdiag").stdout)
    if found is None:
        raise SystemExit("sdiag does not tell what gantry-daemon asked.")
    return {"daemon_cpu_s": int(told) / 1e9, "rpcs": float(found[1]), "slurmctld_s": int(found[2]) / 1e6}


if __name__ == "__main__":
    main()
