"""What became of the only job of a submission on the lab: asked of the API, of the database, of the clock."""

from collections.abc import Callable

from lab_site import LabSite

from portal.client.http import Document

PATIENCE_S = 150.0


def now(site: LabSite, made: Document) -> Document:
    """The job with all details."""
    client = site.client(made["person"])
    return client.job(client.submission(made["id"])["jobs"][0]["number"])


def until(site: LabSite, made: Document, reached: Callable[[Document], bool]) -> Document:
    """The job when it has got there. Raises LabError with what it says if it never does."""
    client = site.client(made["person"])
    site.until(lambda: reached(now(site, made)), lambda: site.tell(client, made), PATIENCE_S)
    return now(site, made)


def running(job: Document) -> bool:
    """Slurm runs it."""
    return job["state"] == "running" and job["node"] is not None


def final(job: Document) -> bool:
    """It has ended."""
    return job["state"] in {"succeeded", "failed", "cancelled"}


def counted(site: LabSite, attempt: str) -> int:
    """How many results the catalogue has of the job of this attempt."""
    query = "SELECT count(*) FROM job_output o JOIN attempt a ON a.job_id = o.job_id WHERE a.id = "
    return int(_queried(site, f"{query}'{attempt}'"))


def states(site: LabSite) -> str:
    """Every move that any job ever made."""
    return _queried(site, "SELECT job_id, from_state, to_state FROM job_event ORDER BY id")


def _queried(site: LabSite, query: str) -> str:
    return site.portal.run("runuser", "-u", "postgres", "--", "psql", "-At", "gantry", "-c", query).stdout
