"""The whole way as people go it: sign in through nginx, start, run on Slurm as oneself, see the result."""

import re

import pytest
from conftest import AsSomebody, SignedIn, Submit, WaitForJob
from hosts.host import Host
from lab_site import PASSWORD, LabSite, lab_analysis

from portal.errors import NotFoundError

ARRAY = 20
STOPPED, FAILING = 3, 5
FILE_BYTES = 1234
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def test_a_job_runs_as_its_person_and_its_result_belongs_to_the_store(
    site: LabSite,
    portal: Host,
    as_somebody: AsSomebody,
    signed_in: SignedIn,
    submit: Submit,
    wait_for_job: WaitForJob,
) -> None:
    (job,) = wait_for_job(submit("maya"))
    assert job["state"] == "succeeded", job["sentence"]
    maya = signed_in("maya")
    details = maya.job(job["id"])
    assert details["node"] in {"node1", "node2"}
    ((user, account, state),) = site.sacct(details["cluster_job"], "user", "account", "state")
    assert (user, account, state) == ("maya", "microscopy", "COMPLETED")
    result = maya.dataset(job["results"][0])
    assert {file["name"] for file in maya.files(result["id"])} == {"ballast.txt", "count.txt"}
    kept = f"/shared/results/{result['experiment']['id']}/{job['number']}-counts"
    listed = portal.run("find", kept, "-printf", "%u %g %m\n")
    assert set(listed.stdout.splitlines()) == {"gantry-data gantry-read 550", "gantry-data gantry-read 440"}
    # Her next job may take it as its input; others find neither it nor what else there is.
    assert as_somebody("maya", "cat", f"{kept}/count.txt").stdout == str(FILE_BYTES)
    assert as_somebody("ines", "cat", f"{kept}/count.txt").returncode == 1
    assert as_somebody("maya", "ls", "/shared/results").returncode == 2
    assert as_somebody("maya", "touch", f"{kept}/more").returncode == 1


def test_the_pages_show_a_result_to_its_owner_and_to_nobody_else(
    site: LabSite, signed_in: SignedIn, submit: Submit, wait_for_job: WaitForJob
) -> None:
    (job,) = wait_for_job(submit("ines"))
    (dataset,) = job["results"]
    seen = {}
    for person in ("ines", "ravi"):
        with site.browser() as browser:
            form = browser.get(f"{site.url}/sign-in").text
            (token,) = TOKEN.findall(form)
            fields = {"name": person, "password": PASSWORD, "csrf_token": token}
            browser.post(f"{site.url}/sign-in", data=fields, headers={"Referer": f"{site.url}/sign-in"})
            cookie = next(one for one in browser.cookies if one.name == "__Host-gantry_session")
            assert cookie.secure
            pages = [
                browser.get(f"{site.url}/{path}") for path in (f"jobs/{job['number']}", f"datasets/{dataset}")
            ]
            seen[person] = [(page.status_code, job["title"] in page.text) for page in pages]
    assert seen == {"ines": [(200, True), (200, True)], "ravi": [(404, False), (404, False)]}
    with pytest.raises(NotFoundError):
        signed_in("ravi").dataset(dataset)


def test_people_run_side_by_side_each_as_themselves(
    site: LabSite, signed_in: SignedIn, submit: Submit, wait_for_job: WaitForJob
) -> None:
    made = {person: submit(person, wait=2) for person in ("maya", "tom", "ines")}
    users = {}
    for person, submission in made.items():
        (job,) = wait_for_job(submission)
        assert job["state"] == "succeeded", job["sentence"]
        ((users[person],),) = site.sacct(signed_in(person).job(job["id"])["cluster_job"], "user")
    assert users == {person: person for person in made}


def test_an_account_that_slurm_refuses_stops_nobody_else(
    submit: Submit, signed_in: SignedIn, wait_for_job: WaitForJob, site: LabSite
) -> None:
    # Ravi has an account on the hosts and none in Slurm's accounting.
    refused = submit("ravi")
    (job,) = wait_for_job(submit("maya"))
    assert job["state"] == "succeeded", job["sentence"]
    ravi = signed_in("ravi")
    site.until(lambda: ravi.submission(refused["id"])["jobs"][0]["state"] in {"held", "failed"})
    (his,) = ravi.submission(refused["id"])["jobs"]
    assert "account" in his["sentence"]


def test_a_running_job_is_cancelled_by_its_person(
    site: LabSite, signed_in: SignedIn, submit: Submit, wait_for_job: WaitForJob
) -> None:
    made, maya = submit("maya", wait=600), signed_in("maya")
    site.until(lambda: maya.submission(made["id"])["jobs"][0]["state"] == "running")
    maya.cancel(made["jobs"][0]["id"])
    (job,) = wait_for_job(made)
    assert (job["state"], job["results"]) == ("cancelled", [])
    ((state,),) = site.sacct(maya.job(job["id"])["cluster_job"], "state")
    assert state.startswith("CANCELLED")


def test_a_submission_on_many_datasets_is_one_array_and_each_gives_its_own_result(
    site: LabSite, signed_in: SignedIn, submit: Submit, wait_for_job: WaitForJob
) -> None:
    datasets = site.datasets["Blood cells"][:ARRAY]
    jobs = wait_for_job(submit("tom", *datasets))
    assert [job["state"] for job in jobs] == ["succeeded"] * ARRAY, site.daemon_log()
    assert len({job["results"][0] for job in jobs}) == ARRAY
    tom = signed_in("tom")
    (array,) = {tom.job(job["id"])["cluster_job"] for job in jobs}
    rows = site.sacct(array, "jobid", "user", "state")
    assert {row[0] for row in rows} == {f"{array}_{index}" for index in range(ARRAY)}
    assert {tuple(row[1:]) for row in rows} == {("tom", "COMPLETED")}


def test_jobs_submitted_one_by_one_share_an_array_and_each_has_its_own_end(
    site: LabSite, signed_in: SignedIn, wait_for_job: WaitForJob
) -> None:
    tom, datasets = signed_in("tom"), site.datasets["Blood cells"][:ARRAY]
    options = {STOPPED: {"wait": 600}, FAILING: {"code": 3}}
    forms = [
        {"analysis": "lab-count", "inputs": {"data": [dataset]}, "options": options.get(place, {})}
        for place, dataset in enumerate(datasets)
    ]
    made = [tom.submission(one["id"]) for one in tom.submit_list(forms)]
    stopped = made[STOPPED]["jobs"][0]["id"]
    site.until(lambda: tom.job(stopped)["state"] == "running", site.daemon_log)
    tom.cancel(stopped)
    jobs = [job for one in made for job in wait_for_job(one)]
    expected = ["succeeded"] * ARRAY
    expected[STOPPED], expected[FAILING] = "cancelled", "failed"
    assert [job["state"] for job in jobs] == expected, site.daemon_log()
    details = [tom.job(job["id"]) for job in jobs]
    (array,) = {detail["cluster_job"] for detail in details}
    rows = {row[0]: row[1:] for row in site.sacct(array, "jobid", "state", "jobname")}
    assert rows.keys() == {f"{array}_{place}" for place in range(ARRAY)}
    assert {name for _state, name in rows.values()} == {f"gantry-{made[0]['id']}-1"}
    assert rows[f"{array}_{STOPPED}"][0].startswith("CANCELLED")
    assert rows[f"{array}_{FAILING}"][0] == "FAILED"
    results = [tom.dataset(job["results"][0]) for job in jobs if job["results"]]
    assert len({result["id"] for result in results}) == ARRAY - 2
    # Each is of the dataset that was asked for, though one script started them all.
    inputs = {job["results"][0]: job["inputs"][0]["dataset"] for job in jobs if job["results"]}
    assert list(inputs.values()) == [one for place, one in enumerate(datasets) if place not in options]


def test_a_program_that_fails_says_so_and_leaves_nothing_in_the_catalogue(
    submit: Submit, signed_in: SignedIn, wait_for_job: WaitForJob
) -> None:
    (job,) = wait_for_job(submit("maya", code=3))
    assert (job["state"], job["results"]) == ("failed", [])
    assert "3" in signed_in("maya").job(job["id"])["exit_words"]


def test_what_is_not_signed_off_does_not_run(site: LabSite, submit: Submit) -> None:
    site.publish(lab_analysis("lab-unsigned", "raise SystemExit(0)"))
    revisions = site.portal.run("sh", "-c", "rm -v /var/lib/gantry/published/lab-unsigned/*.json")
    assert revisions.returncode == 0
    try:
        with pytest.raises(NotFoundError, match="not published"):
            submit("maya", analysis="lab-unsigned")
    finally:
        # As the role would: it is to find nothing to do.
        site.portal.run("/usr/local/sbin/gantry", "admin", "jobtypes", "publish")
