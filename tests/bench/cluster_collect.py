"""From the end of a program that wrote 100 MB to its registered result.

`./run bench cluster-collect [--jobs 10] [--mb 100]` in a lab that is up; one job after another. The end is
launch's own time in result.json, the registration what the API answers, asked ten times a second.
"""

import argparse
import json
import statistics
from datetime import UTC, datetime

import lab

PERSON = "maya"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--mb", type=int, default=100)
    given = parser.parse_args()
    site = lab.lab_site(24)
    took = sorted(measure(site, given.mb) for _ in range(given.jobs))
    answer = {"median_s": round(statistics.median(took), 2), "all_s": [round(one, 2) for one in took]}
    print(json.dumps({**answer, "load": lab.load()}, indent=1))


def measure(site: lab.LabSite, mb: int) -> float:
    """Seconds for one job."""
    client = site.client(PERSON)
    made = client.submit("lab-count", {"data": site.datasets[lab.HOME[PERSON]][:1]}, {"size": mb})
    lab.until(lambda: bool(client.submission(made["id"])["final"]))
    seen = datetime.now(UTC)
    (job,) = client.jobs(submission=made["id"])
    if job["state"] != "succeeded":
        raise SystemExit(job["sentence"])
    attempt = client.job(job["id"])["attempt"]
    result = json.loads(site.portal.run("cat", f"/shared/scratch/{attempt}/result.json").stdout)
    return (seen - datetime.fromisoformat(result["ended"])).total_seconds()


if __name__ == "__main__":
    main()
