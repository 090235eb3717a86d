"""The table of every door: what each route and method does for each person, and which secrets it shows.

A line of PAGES or API is one route and method: the endpoint, the method, one word a person, and after `|` what
the page must show where it opens (names of SECRETS; `-`: nothing secret). The thing that an address names is
always one of Maya's team, so that who is a stranger is always the same person.

| word | the answer |
|---|---|
| shows | 200 |
| done | 303 to a page, or 200, 201, 204 of the API: it was carried out |
| hides | 404, the same as for what does not exist |
| sign-in | 303 to the sign-in page; for the API 401 |
| forbidden | 403 |
| a number | that status |

Where a line may surprise:

- what is public is shown to nobody too, so these doors answer 404 to nobody where others ask for a sign-in;
- staff see everything, embargoed data and the teams' logs included, and each page names them among those who do;
- an instrument's scientist sees and starts what the team does, and changes no job of somebody else's;
- any valid token may revoke its owner's tokens, whatever its scope: giving up one's own rights needs none;
- a token that lacks the scope is told so (403) before anything is looked up, so that it learns nothing of what is
  there;
- notices are their owner's alone: the team and staff get 404.

A new route: add its line here, its values to ARGUMENTS where its address names something new, and what is sent
to FORMS or BODIES. A new role: a column, and a person of that name in doors_house.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from soft_key import SoftKey

MADE = SoftKey("http://localhost:8080").made()
"""What a browser brings of a security key that was made for a portal without an address of its own."""
PAGE_PEOPLE = ("nobody", "stranger", "member", "scientist", "staff")

PAGES = """
    home.show                GET   sign-in  shows      shows      shows      shows      | dataset
    home.jobs_now            GET   sign-in  shows      shows      shows      shows      | -
    data.show                GET   sign-in  shows      shows      shows      shows      | dataset experiment
    data.results             GET   sign-in  shows      shows      shows      shows      | dataset experiment
    picks.found              GET   sign-in  shows      shows      shows      shows      | -
    datasets.show            GET   hides    hides      shows      shows      shows      | dataset description parameter value correction reason file checksum experiment caption picture-hash array
    datasets.picture         GET   hides    hides      shows      shows      shows      | picture
    datasets.array_picture   GET   hides    hides      shows      shows      shows      | picture
    datasets.download        GET   hides    hides      shows      shows      shows      | content
    datasets.report          GET   hides    hides      shows      shows      shows      | report
    methods.references       GET   hides    hides      shows      shows      shows      | -
    methods.crate            GET   hides    hides      shows      shows      shows      | result dataset file checksum option
    methods.archive          GET   hides    hides      shows      shows      shows      | result dataset file checksum option
    experiments.index        GET   sign-in  shows      shows      shows      shows      | experiment
    experiments.show         GET   hides    hides      shows      shows      shows      | experiment summary dataset job picture-hash
    experiments.jobs_now     GET   hides    hides      shows      shows      shows      | job
    analyses.show            GET   sign-in  shows      shows      shows      shows      | -
    analyses.found           GET   sign-in  shows      shows      shows      shows      | -
    analyses.example         GET   sign-in  hides      hides      hides      hides      | -
    analyses.start           GET   sign-in  hides      shows      shows      shows      | dataset
    analyses.begin           POST  sign-in  hides      done       done       done       | -
    analyses.preset          POST  sign-in  hides      done       done       done       | -
    presets.show             GET   sign-in  shows      shows      shows      shows      | -
    presets.ask              POST  sign-in  done       done       done       done       | -
    presets.new              GET   sign-in  hides      shows      shows      shows      | -
    presets.keep_it          POST  sign-in  hides      done       done       done       | -
    presets.off              POST  sign-in  hides      done       forbidden  hides      | -
    presets.back             POST  sign-in  hides      done       forbidden  hides      | -
    analyses.estimate        POST  sign-in  hides      shows      shows      shows      | -
    drafts.show              GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    drafts.create            POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.edit              GET   sign-in  hides      hides      hides      shows      | -
    drafts.save              POST  sign-in  hides      hides      hides      done       | -
    drafts.saved             POST  sign-in  hides      hides      hides      shows      | -
    drafts.form              POST  sign-in  hides      hides      hides      shows      | -
    drafts.choose_example    POST  sign-in  hides      hides      hides      done       | -
    drafts.example           GET   sign-in  hides      hides      hides      hides      | -
    drafts.earlier_example   GET   sign-in  hides      hides      hides      hides      | -
    drafts.inside            GET   sign-in  hides      hides      hides      shows      | -
    drafts.pick              GET   sign-in  hides      hides      hides      shows      | -
    drafts.use               POST  sign-in  hides      hides      hides      422        | -
    drafts.try_log           POST  sign-in  hides      hides      hides      shows      | -
    drafts.log_tried         POST  sign-in  hides      hides      hides      shows      | -
    drafts.change            POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.keep_as_preset    POST  sign-in  hides      hides      hides      done       | -
    drafts.undo              POST  sign-in  hides      hides      hides      done       | -
    drafts.as_file           GET   sign-in  hides      hides      hides      shows      | -
    drafts.add_scripts       POST  sign-in  hides      hides      hides      done       | -
    drafts.save_script       POST  sign-in  hides      hides      hides      done       | -
    drafts.remove_script     POST  sign-in  hides      hides      hides      done       | -
    drafts.script            GET   sign-in  hides      hides      hides      hides      | -
    drafts.share             POST  sign-in  hides      hides      hides      done       | -
    drafts.unshare           POST  sign-in  hides      hides      hides      done       | -
    drafts.ask_to_try        POST  sign-in  hides      hides      hides      done       | -
    drafts.start_trial       POST  sign-in  hides      hides      hides      done       | -
    drafts.tried             GET   sign-in  hides      hides      hides      shows      | -
    drafts.answers           GET   sign-in  hides      hides      hides      shows      | -
    drafts.find_experiments  POST  sign-in  hides      hides      hides      shows      | -
    drafts.use_measured      POST  sign-in  hides      hides      hides      hides      | -
    drafts.ask_to_publish    POST  sign-in  hides      hides      hides      done       | -
    drafts.published         GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    drafts.published_file    GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    drafts.retire            POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.publish_again     POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.keys              GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    drafts.make_key          POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.show_waiting      GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    drafts.waiting_example   GET   sign-in  forbidden  forbidden  forbidden  hides      | -
    drafts.sign              POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.refuse            POST  sign-in  forbidden  forbidden  forbidden  done       | -
    drafts.throw_away        POST  sign-in  hides      hides      hides      done       | -
    drafts.take_back         POST  sign-in  hides      hides      hides      done       | -
    picked.without           POST  sign-in  hides      done       done       done       | -
    trials.ask               POST  sign-in  hides      done       done       done       | -
    trials.switch            POST  sign-in  hides      done       done       done       | -
    trials.form              GET   sign-in  hides      shows      shows      shows      | dataset
    trials.beside            POST  sign-in  hides      shows      shows      shows      | -
    trials.start             POST  sign-in  hides      done       done       done       | -
    trials.show              GET   sign-in  hides      shows      shows      shows      | dataset
    trials.live              GET   sign-in  hides      shows      shows      shows      | -
    trials.picture           GET   sign-in  hides      shows      shows      shows      | -
    trials.throw_away        POST  sign-in  hides      done       forbidden  done       | -
    trials.keep_after_all    POST  sign-in  hides      done       forbidden  done       | -
    trials.use               GET   sign-in  hides      shows      shows      shows      | dataset
    jobs.show                GET   sign-in  shows      shows      shows      shows      | job
    jobs.listed              GET   sign-in  shows      shows      shows      shows      | job
    jobs.job                 GET   sign-in  hides      shows      shows      shows      | job dataset cause option words-of-log
    jobs.live                GET   sign-in  hides      shows      shows      shows      | cause
    jobs.log                 GET   sign-in  hides      shows      shows      shows      | log
    jobs.log_goes_on         GET   sign-in  hides      shows      shows      shows      | log
    jobs.cancel              POST  sign-in  hides      done       forbidden  done       | -
    jobs.retry               POST  sign-in  hides      done       forbidden  done       | -
    jobs.rename              POST  sign-in  hides      done       forbidden  done       | -
    jobs.keep                POST  sign-in  hides      done       forbidden  forbidden  | -
    images.shown             GET   sign-in  hides      shows      shows      shows      | -
    images.ask               POST  sign-in  hides      forbidden  forbidden  forbidden  | -
    staging.show             GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    staging.sign             POST  sign-in  forbidden  forbidden  forbidden  done       | -
    staging.refuse           POST  sign-in  forbidden  forbidden  forbidden  done       | -
    jobs.release             POST  sign-in  hides      forbidden  forbidden  done       | -
    batches.show             GET   sign-in  hides      shows      shows      shows      | job
    batches.live             GET   sign-in  hides      shows      shows      shows      | -
    batches.compare          GET   sign-in  hides      shows      shows      shows      | -
    batches.rename           POST  sign-in  hides      done       forbidden  done       | -
    batches.cancel           POST  sign-in  hides      done       forbidden  done       | -
    batches.retry            POST  sign-in  hides      done       forbidden  done       | -
    batches.retry_cancelled  POST  sign-in  hides      done       forbidden  done       | -
    facility.show            GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    facility.now_part        GET   sign-in  forbidden  forbidden  forbidden  shows      | -
    me.show                  GET   sign-in  shows      shows      shows      shows      | -
    me.create                POST  sign-in  done       done       done       done       | -
    me.revoke                POST  sign-in  hides      done       hides      done       | -
    me.password              POST  sign-in  422        done       422        422        | -
    device.show              GET   sign-in  shows      shows      shows      shows      | -
    device.look              POST  sign-in  shows      shows      shows      shows      | -
    device.decision          POST  sign-in  done       done       done       done       | -
    access_requests.show     GET   sign-in  shows      shows      shows      shows      | -
    access_requests.ask      POST  sign-in  done       done       done       done       | -
    access_requests.decide   POST  sign-in  hides      done       hides      hides      | -
    search.show              GET   sign-in  shows      shows      shows      shows      | -
    search.hits              GET   sign-in  shows      shows      shows      shows      | -
    notices.show             GET   sign-in  shows      shows      shows      shows      | -
    notices.listed           GET   sign-in  shows      shows      shows      shows      | -
    notices.bell             GET   sign-in  shows      shows      shows      shows      | -
    notices.read             POST  sign-in  hides      done       hides      hides      | -
    notices.read_all         POST  sign-in  done       done       done       done       | -
    help.show                GET   shows    shows      shows      shows      shows      | -
    sign_in.show             GET   shows    done       done       done       done       | -
    sign_in.submit           POST  done     done       done       done       done       | -
    sign_in.persona          POST  hides    hides      hides      hides      hides      | -
    sign_in.leave            POST  sign-in  sign-in    sign-in    sign-in    sign-in    | -
    health.healthz           GET   shows    shows      shows      shows      shows      | -
    static                   GET   shows    shows      shows      shows      shows      | -
"""  # noqa: E501

API_PEOPLE = ("nobody", "cookie", "stranger", "reads", "submits", "scientist", "staff", "ingests")
"""`cookie` is Maya's browser without a token. `reads` and `submits` are tokens of Maya's with that one scope,
`ingests` the microscope's own account with the scope ingest; the others have read and submit."""

API = """
    api_me.read_me                      GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | -
    api_tokens.create_token             POST    done     done     done   done       done       done       done   done       | -
    api_tokens.list_tokens              GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | -
    api_tokens.revoke_token             DELETE  sign-in  sign-in  hides  done       done       hides      done   hides      | -
    api_device.ask_for_token            POST    done     done     done   done       done       done       done   done       | -
    api_device.fetch_token              POST    shows    shows    shows  shows      shows      shows      shows  shows      | -
    api_datasets.read_datasets          GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | dataset experiment
    api_datasets.read_dataset           GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | dataset description parameter value correction reason sample caption array
    api_datasets.read_files             GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | file checksum
    api_datasets.read_picture           GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | picture
    api_datasets.read_array_picture     GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | picture
    api_datasets.read_content           GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | content
    api_methods.read_methods            GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | result dataset option
    api_methods.read_crate              GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | result dataset file checksum option
    api_methods.read_crate_content      GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | result dataset file checksum option
    api_experiments.read_experiments    GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | experiment
    api_experiments.read_experiment     GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | experiment summary
    api_analyses.read_analyses          GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | -
    api_analyses.read_analysis          GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | -
    api_analyses.check_form             POST    sign-in  sign-in  hides  shows      forbidden  shows      shows  forbidden  | -
    api_presets.read_presets            GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | -
    api_presets.keep_preset             POST    sign-in  sign-in  done   forbidden  done       done       done   forbidden  | -
    api_presets.take_preset_off         DELETE  sign-in  sign-in  hides  forbidden  done       forbidden  hides  forbidden  | -
    api_drafts.read_drafts              GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.create_draft             POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  done  forbidden  | -
    api_drafts.read_draft               GET     sign-in  hides  hides  hides  forbidden  hides  shows  forbidden  | -
    api_drafts.save_draft               PUT     sign-in  sign-in  hides  forbidden  hides  hides  done  forbidden  | -
    api_drafts.undo_draft               POST    sign-in  sign-in  hides  forbidden  hides  hides  409  forbidden  | -
    api_drafts.take_draft_back          POST    sign-in  sign-in  hides  forbidden  hides  hides  done  forbidden  | -
    api_drafts.share_draft              POST    sign-in  sign-in  hides  forbidden  hides  hides  done  forbidden  | -
    api_drafts.unshare_draft            DELETE  sign-in  sign-in  hides  forbidden  hides  hides  done  forbidden  | -
    api_drafts.throw_draft_away         DELETE  sign-in  sign-in  hides  forbidden  hides  hides  done  forbidden  | -
    api_drafts.ask_to_try               POST    sign-in  sign-in  hides  forbidden  hides  hides  422  forbidden  | -
    api_drafts.try_draft                POST    sign-in  sign-in  hides  forbidden  hides  hides  409  forbidden  | -
    api_drafts.read_example             GET     sign-in  hides  hides  hides  forbidden  hides  shows  forbidden  | -
    api_drafts.read_example_picture     GET     sign-in  hides  hides  hides  forbidden  hides  hides  forbidden  | -
    api_drafts.choose_example           PUT     sign-in  sign-in  hides  forbidden  hides  hides  409  forbidden  | -
    api_drafts.ask_to_publish           POST    sign-in  sign-in  hides  forbidden  hides  hides  422  forbidden  | -
    api_drafts.check_draft_form         POST    sign-in  sign-in  hides  hides  forbidden  hides  409  forbidden  | -
    api_drafts.check_text               POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.read_text                GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.read_audiences           GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.read_diff                GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.read_waiting             GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.refuse                   POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  done  forbidden  | -
    api_drafts.read_history             GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_drafts.ask_to_retire            POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  done  forbidden  | -
    api_drafts.ask_to_publish_again     POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  done  forbidden  | -
    api_images.read_images              GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_images.read_image               GET     sign-in  forbidden  hides  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_images.read_waiting_images      GET     sign-in  forbidden  forbidden  forbidden  forbidden  forbidden  shows  forbidden  | -
    api_images.refuse_image             POST    sign-in  sign-in  forbidden  forbidden  forbidden  forbidden  done  forbidden  | -
    api_images.ask_for_image            POST    sign-in  sign-in  hides  forbidden  forbidden  forbidden  forbidden  forbidden  | -
    api_submissions.create_submission   POST    sign-in  sign-in  hides  forbidden  done       done       done   forbidden  | dataset
    api_submissions.read_submission     GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | job option
    api_submissions.rename_submission   PATCH   sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | -
    api_submissions.read_outlook        GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | -
    api_submissions.retry_submission    POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | job
    api_submissions.cancel_submission   POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | job
    api_submissions.check_rename        PATCH   sign-in  sign-in  hides  forbidden  shows      forbidden  shows  forbidden  | -
    api_submissions.check_retry         POST    sign-in  sign-in  hides  forbidden  shows      forbidden  shows  forbidden  | job option
    api_submissions.check_cancel        POST    sign-in  sign-in  hides  forbidden  shows      forbidden  shows  forbidden  | job option
    api_submission-lists.create_submission_list POST sign-in sign-in hides forbidden done      done       done   forbidden  | -
    api_submissions.check_submission    POST    sign-in  sign-in  hides  forbidden  shows      shows      shows  forbidden  | -
    api_submission-lists.check_submission_list POST sign-in sign-in hides forbidden shows      shows      shows  forbidden  | -
    api_trials.read_trial               GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | dataset
    api_jobs.read_jobs                  GET     sign-in  shows    shows  shows      forbidden  shows      shows  forbidden  | job
    api_jobs.read_job                   GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | job cause option words-of-log
    api_jobs.read_log                   GET     sign-in  shows    hides  shows      forbidden  shows      shows  forbidden  | log
    api_jobs.cancel_job                 POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | job
    api_jobs.retry_job                  POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | job
    api_jobs.keep_job                   POST    sign-in  sign-in  hides  forbidden  409  forbidden  forbidden  forbidden  | -
    api_job-lists.cancel_jobs           POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | -
    api_job-lists.retry_jobs            POST    sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | -
    api_jobs.rename_job                 PATCH   sign-in  sign-in  hides  forbidden  done       forbidden  done   forbidden  | -
    api.document                        GET     shows    shows    shows  shows      shows      shows      shows  shows      | -
    api.job_type_schema                 GET     shows  shows  shows  shows  shows  shows  shows  shows  | -
    api.nothing_here                    GET     sign-in  hides    hides  hides      forbidden  hides      hides  forbidden  | -
    api.nothing_here                    POST    sign-in  sign-in  hides  forbidden  hides      hides      hides  forbidden  | -
    api.nothing_here                    PUT     sign-in  sign-in  hides  forbidden  hides      hides      hides  forbidden  | -
    api.nothing_here                    PATCH   sign-in  sign-in  hides  forbidden  hides      hides      hides  forbidden  | -
    api.nothing_here                    DELETE  sign-in  sign-in  hides  forbidden  hides      hides      hides  forbidden  | -
"""  # noqa: E501

TOTALS: Mapping[str, Mapping[str, int]] = {
    "datasets": {"stranger": 3, "reads": 7, "scientist": 7, "staff": 9},
    "experiments": {"stranger": 3, "reads": 2, "scientist": 2, "staff": 4},
    "jobs": {"stranger": 0, "reads": 8, "scientist": 8, "staff": 8},
    "own jobs": {"stranger": 0, "reads": 8, "scientist": 0, "staff": 0},
    "notices": {"stranger": 0, "reads": 1, "scientist": 0, "staff": 0},
    "questions": {"stranger": 0, "reads": 1, "scientist": 0, "staff": 0},
    "to sign": {"stranger": 0, "reads": 0, "scientist": 0, "staff": 2},
}
"""How long each list is for whom, and what is counted of one's own.

The team has 6 datasets, 1 experiment and 8 jobs, all of them Maya's; 1 dataset is public.
"""

ARGUMENTS: Mapping[str, str] = {
    "wish_id": "wish",
    "request": "wish",
    "dataset_id": "dataset",
    "dataset": "dataset",
    "picture_id": "picture",
    "picture": "picture",
    "array_id": "array",
    "array": "array",
    "number": "number",
    "file_id": "file",
    "file": "file",
    "investigation_id": "investigation",
    "experiment": "investigation",
    "job_id": "queued",
    "job": "queued",
    "submission_id": "batch",
    "submission": "batch",
    "index": "index",
    "token_id": "token",
    "notice_id": "notice",
    "question_id": "question",
    "name": "analysis",
    "stream": "stream",
    "draft_id": "draft",
    "preset_id": "preset",
    "draft": "draft",
    "person": "index",
    "step": "step",
    "filename": "filename",
    "rest": "rest",
}
"""What each part of an address names: a thing of the house."""

INSTEAD: Mapping[tuple[str, str], str] = {
    ("datasets.report", "file_id"): "report",
    ("drafts.published", "name"): "published",
    ("drafts.published_file", "name"): "published",
    ("drafts.retire", "name"): "published",
    ("drafts.change", "name"): "published",
    ("drafts.publish_again", "name"): "published",
    ("api_drafts.read_history", "name"): "published",
    ("api_drafts.ask_to_retire", "name"): "published",
    ("api_drafts.ask_to_publish_again", "name"): "published",
    **{(f"staging.{one}", "wish_id"): "image wish" for one in ("show", "sign", "refuse")},
    ("api_images.refuse_image", "request"): "image wish",
    ("methods.references", "dataset_id"): "result",
    ("methods.crate", "dataset_id"): "result",
    ("methods.archive", "dataset_id"): "result",
    ("api_methods.read_methods", "dataset"): "result",
    ("api_methods.read_crate", "dataset"): "result",
    ("api_methods.read_crate_content", "dataset"): "result",
    ("jobs.job", "job_id"): "failed",
    ("jobs.live", "job_id"): "failed",
    ("jobs.log", "job_id"): "failed",
    ("jobs.log_goes_on", "job_id"): "failed",
    ("jobs.retry", "job_id"): "failed",
    ("jobs.release", "job_id"): "held",
    ("trials.show", "submission_id"): "trial",
    ("trials.live", "submission_id"): "trial",
    ("trials.picture", "submission_id"): "trial",
    ("trials.throw_away", "submission_id"): "trial",
    ("trials.keep_after_all", "submission_id"): "trial",
    ("api_trials.read_trial", "submission"): "trial",
    ("trials.use", "submission_id"): "trial",
    ("api_jobs.read_job", "job"): "failed",
    ("api_jobs.read_log", "job"): "failed",
    ("api_jobs.retry_job", "job"): "failed",
}
"""Where a door needs another thing than ARGUMENTS says."""

QUERIES: Mapping[str, Mapping[str, str]] = {
    "data.show": {"view": "table"},
    "analyses.start": {"dataset": "{dataset}"},
    "presets.new": {"dataset": "{dataset}"},
    "trials.form": {"dataset": "{dataset}", "try": "histogram_bins"},
    "trials.use": {"all": "1"},
    "jobs.show": {"whose": "all"},
    "jobs.listed": {"whose": "all"},
    "api_analyses.read_analysis": {"dataset": "{dataset}"},
    "api_drafts.read_text": {"of": "{draft}"},
    "api_drafts.read_diff": {"before": "{draft}", "after": "qc"},
}
"""What stands in the address of a GET."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "home.show": ("page",),
    "data.show": (
        "page", "q", "type", "instrument", "investigation", "kind", "start", "end", "sort", "fits", "view",
        "column",
    ),
    "data.results": (
        "page", "q", "type", "instrument", "investigation", "kind", "start", "end", "sort", "fits", "view",
        "column",
    ),
    "picks.found": (
        "page", "q", "type", "instrument", "investigation", "kind", "start", "end", "sort", "fits", "view",
        "column",
    ),
    "datasets.show": ("page",),
    "experiments.index": ("page", "q", "person"),
    "presets.show": ("gone",),
    "presets.new": (
        "dataset", "in.extra", "preset", "variant", "mode", "title", "experiment", "again",
        "option.histogram_bins", "option.projection", "aside.gone", "kept", "use", "accept_terms",
    ),
    "search.show": ("q",),
    "search.hits": ("q",),
    "experiments.show": ("page",),
    "drafts.show": ("gone", "kept"),
    "drafts.published": ("before", "after", "again"),
    "drafts.published_file": ("revision",),
    "drafts.keys": ("kept",),
    "drafts.show_waiting": ("kept",),
    "staging.show": ("kept",),
    "drafts.script": ("name",),
    "drafts.tried": ("on", "with.second", "had"),
    "drafts.answers": ("on", "with.second", "waits"),
    "drafts.edit": (
        "on", "opened", "kept", "changed", "to", "instrument", "experiment", "experiment_words", "inside",
        "file", "pick", "option.histogram_bins", "shown.histogram_bins", "with.second", "find",
    ),
    "drafts.inside": ("on", "with.second", "find", "inside", "file", "pick"),
    "drafts.pick": ("on", "with.second", "find", "inside", "file", "pick"),
    "analyses.show": ("dataset", "q", "instrument", "fits"),
    "analyses.found": ("q", "instrument", "fits"),
    "analyses.start": (
        "dataset", "in.extra", "preset", "variant", "mode", "title", "proposed", "idempotency_key", "experiment",
        "revision", "without", "returned", "again", "option.histogram_bins", "option.projection", "kept",
        "aside.projection", "aside.gone", "was_preset", "was.histogram_bins", "use", "accept_terms",
    ),
    "trials.form": (
        "dataset", "in.extra", "preset", "variant", "mode", "title", "proposed", "idempotency_key",
        "experiment", "revision", "on", "returned", "again",
        "try", "how", "values", "value", "from", "to", "number", "spacing", "part",
        "option.histogram_bins", "option.projection", "kept", "typed.histogram_bins", "aside.projection",
        "use", "accept_terms",
    ),
    "trials.use": ("all",),
    "trials.show": ("picture", "black", "white"),
    "trials.live": ("picture", "black", "white"),
    "trials.picture": ("black", "white"),
    "jobs.show": ("page", "state", "whose", "q"),
    "jobs.listed": ("page", "state", "whose", "q"),
    "jobs.log": ("stream", "offset"),
    "jobs.log_goes_on": ("stream", "offset"),
    "batches.show": ("page", "state"),
    "batches.compare": ("page",),
    "notices.show": ("page",),
    "notices.listed": ("page",),
    "batches.live": ("page", "state"),
    "device.show": ("code", "kept"),
    "jobs.job": ("kept",),
    "me.show": ("kept",),
    "sign_in.show": ("next",),
}  # fmt: skip
"""What pages read from their address: test_what_is_sent.py compares it. The API's document says it of the API."""

_TRIED: Mapping[str, Any] = {
    "dataset": "{dataset}", "option.histogram_bins": "64", "variant": "standard", "mode": "each",
    "preset": "Recommended", "title": "Again", "proposed": "A name", "idempotency_key": "matrix of trials",
    "experiment": "", "revision": "",
    "on": "{dataset}", "try": "histogram_bins", "how": "list", "values": "16, 32", "value": "max", "from": "",
    "returned": "", "again": "{failed}", "to": "", "number": "5", "spacing": "linear", "part": "part",
    "typed.histogram_bins": "values=8%2C+16", "use": "", "accept_terms": "",
}  # fmt: skip

_STARTED: Mapping[str, Any] = {
    "dataset": "{dataset}", "option.histogram_bins": "64", "variant": "standard", "mode": "each",
    "preset": "Recommended", "title": "Again", "proposed": "A name", "idempotency_key": "matrix", "revision": "",
    "without": "", "experiment": "", "returned": "", "aside.gone": "mean", "again": "{failed}", "use": "",
    "accept_terms": "",
}  # fmt: skip

_CHOSEN: Mapping[str, Any] = {"on": "{dataset}", "with.second": "{dataset}"}

_DRAFT: Mapping[str, Any] = {
    "version": "1",
    **_CHOSEN,
    "find": "heart",
    "do": "",
    "f.title": "Shrink",
    "pasted": "",
    "text": "title: Shrink\n",
    "opened": "",
}

FORMS: Mapping[str, Mapping[str, Any]] = {
    "drafts.create": {"title": "Shrink a picture", "pasted": "convert in.tif out.tif", "copy": ""},
    "drafts.save": _DRAFT,
    "drafts.saved": _DRAFT,
    "drafts.form": {
        "on": "{dataset}", "with.second": "{dataset}", "find": "heart", "option.histogram_bins": "64",
        "shown.histogram_bins": "128",
    },
    "drafts.use_measured": {"job": "1", **_CHOSEN},
    "drafts.try_log": {"log": "plane 1 of 4\n", "find": "", **_CHOSEN},
    "drafts.add_scripts": _CHOSEN,
    "drafts.save_script": {"name": "fit.py", "text": "print(1)\n", "was": "", **_CHOSEN},
    "drafts.remove_script": {"name": "fit.py", **_CHOSEN},
    "drafts.log_tried": {"log": "plane 1 of 4\n", "f.progress.pattern": "", "f.cause": ""},
    "drafts.choose_example": {"picture": "1"},
    "drafts.use": {
        **_CHOSEN, "find": "",
        "inside": "0.{dataset}", "file": "{file}", "pick": "fact:files.count", "operator": "==",
        "value": "1", "because": "One.", "option": "0", "do": "condition",
    },
    "drafts.keep_as_preset": {
        "on": "{dataset}", "option.histogram_bins": "64", "shown.histogram_bins": "128", "preset_name": "Fine",
    },
    "drafts.ask_to_try": _CHOSEN,
    "drafts.start_trial": {
        "on": "{dataset}", "with.second": "{dataset}", "part": "", "option.histogram_bins": "64",
        "shown.histogram_bins": "128",
        "idempotency_key": "trial", "use": "", "accept_terms": "",
    },
    "drafts.ask_to_publish": {
        "changed": "It is new.", "to": "everyone", "instrument": "1", "experiment": "1", "experiment_words": "",
        "narrow": "yes",
        "over": "yes",
    },
    "drafts.find_experiments": {"experiment": "1", "experiment_words": "zebra"},
    "drafts.make_key": {"label": "Blue key", "client_data": MADE[0], "attestation": MADE[1]},
    "drafts.sign": dict.fromkeys(("credential", "client_data", "authenticator_data", "signature"), "AAAA"),
    "drafts.refuse": {"why": "It names no contact."},
    "staging.sign": dict.fromkeys(("credential", "client_data", "authenticator_data", "signature"), "AAAA"),
    "staging.refuse": {"why": "It does not say what it is for."},
    "drafts.publish_again": {"digest": "{revision}", "changed": "Back.", "narrow": "yes"},
    "drafts.undo": {"version": "1", "step": "purpose", **_CHOSEN},
    "drafts.share": {"person": "sam"},
    "drafts.unshare": {"reader": "1"},
    "picked.without": {
        "dataset": ["{dataset}", "{second}"], "without": "{second}", "option.histogram_bins": "64",
        "variant": "standard", "mode": "each", "preset": "Recommended", "title": "Again", "proposed": "A name",
        "idempotency_key": "matrix", "experiment": "", "revision": "",
    },
    "analyses.begin": _STARTED,
    "analyses.preset": {
        **_STARTED, "apply": "Recommended", "was.histogram_bins": "32", "was_preset": "", "undo": "",
    },
    "presets.ask": _STARTED,
    "presets.keep_it": {
        **_STARTED, "preset_name": "Mine", "note": "", "whose": "mine", "keep": "histogram_bins", "replace": "",
    },
    "analyses.estimate": _STARTED,
    "trials.ask": _TRIED,
    "trials.beside": _TRIED,
    "trials.start": _TRIED,
    "trials.switch": {**_TRIED, "switch": "histogram_bins"},
    "jobs.cancel": {"sure": "1"},
    "batches.cancel": {"sure": "1"},
    "jobs.retry": {"more": "memory"},
    "jobs.rename": {"title": "Renamed"},
    "images.ask": {"image_name": "cows"},
    "batches.rename": {"title": "Renamed"},
    "me.create": {"name": "laptop", "scopes": "read", "days": "30"},
    "me.password": {"current": "{password}", "new": "another horse battery", "again": "another horse battery"},
    "access_requests.ask": {"number": "E-77", "note": "For the paper"},
    "access_requests.decide": {"answer": "yes"},
    "notices.read": {"page": "1"},
    "notices.read_all": {"until": "1"},
    "device.look": {"code": "{code}"},
    "device.decision": {"code": "{code}", "decision": "allow"},
    "sign_in.submit": {"name": "maya", "password": "{password}", "next": "/data"},
    "sign_in.persona": {"name": "maya", "next": "/data"},
}  # fmt: skip
"""What is sent with a page's POST; the others send nothing."""

_FORM: Mapping[str, Any] = {
    "analysis": "qc",
    "inputs": {"data": ["{dataset}"]},
    "options": {"histogram_bins": 64},
    "preset": "Recommended",
    "mode": "each",
    "variant": "standard",
    "title": "Again",
    "experiment": None,
    "use": None,
    "accept_terms": None,
}

_TRIAL: Mapping[str, Any] = {
    "option": "histogram_bins",
    "values": [16, 32],
    "crop": {},
    "whole": True,
    "datasets": ["{second}"],
}

BODIES: Mapping[str, Mapping[str, Any]] = {
    "api_tokens.create_token": {
        "person": "maya", "password": "{password}", "name": "laptop", "scopes": ["read"], "days": 30,
    },
    "api_device.ask_for_token": {"name": "laptop", "scopes": ["read"], "days": 30},
    "api_device.fetch_token": {"device_code": "{device_code}"},
    "api_analyses.check_form": {
        "inputs": {"data": ["{dataset}"]}, "options": {"histogram_bins": 64}, "preset": "Recommended",
        "mode": "each", "experiment": None, "variant": "standard",
    },
    "api_presets.keep_preset": {
        "name": "Mine", "options": {"histogram_bins": 64}, "note": "", "experiment": None, "facility": False,
        "replace": False,
    },
    "api_drafts.create_draft": {"text": "title: Shrink\n", "copy": None, "title": None, "pasted": None},
    "api_drafts.save_draft": {"text": "title: Shrink\n", "version": 1},
    "api_drafts.undo_draft": {"version": 1},
    "api_drafts.share_draft": {"person": "sam"},
    "api_drafts.check_text": {"text": "title: Shrink\n"},
    "api_drafts.check_draft_form": {
        "inputs": {"data": ["{dataset}"]}, "options": {"histogram_bins": 64}, "preset": None, "mode": "each",
        "experiment": None, "variant": None,
    },
    "api_drafts.try_draft": {
        "inputs": {"data": ["{dataset}"]}, "options": {"histogram_bins": 64}, "preset": None, "mode": "each",
        "experiment": None, "variant": None, "title": "Again", "use": None, "accept_terms": None,
    },
    "api_drafts.choose_example": {"picture": 1, "earlier": False},
    "api_drafts.ask_to_publish": {
        "to": "instruments", "ids": [1], "changed": "It is new.", "narrow": True, "over": True,
    },
    "api_images.ask_for_image": {"name": "cows"},
    "api_drafts.refuse": {"why": "It names no contact."},
    "api_images.refuse_image": {"why": "It does not say what it is for."},
    "api_drafts.ask_to_publish_again": {"revision": "{revision}", "changed": "Back.", "narrow": True},
    "api_submissions.create_submission": {**_FORM, "title": None, "trial": _TRIAL},
    "api_submission-lists.create_submission_list": {"forms": [{**_FORM, "title": None, "trial": _TRIAL}]},
    "api_submissions.check_submission": {**_FORM, "title": None, "trial": _TRIAL},
    "api_submission-lists.check_submission_list": {"forms": [{**_FORM, "title": None, "trial": _TRIAL}]},
    "api_job-lists.cancel_jobs": {"jobs": ["{queued}"], "dry_run": False},
    "api_job-lists.retry_jobs": {"jobs": ["{failed}"], "dry_run": False, "resources": "memory"},
    "api_jobs.retry_job": {"resources": "memory"},
    "api_jobs.rename_job": {"title": "Renamed"},
    "api_submissions.rename_submission": {"title": "Renamed"},
    "api_submissions.check_rename": {"title": "Renamed"},
}  # fmt: skip
"""What is sent to the API as JSON; the others send nothing."""


@dataclass(frozen=True)
class Door:
    """One line of the table."""

    endpoint: str
    method: str
    expected: Mapping[str, str]
    """Person -> word."""
    shows: tuple[str, ...]
    """Which secrets stand on the answer where it opens for one of the team."""

    @property
    def carries_out(self) -> bool:
        """If success here means that something was carried out."""
        return self.method != "GET" and "done" in self.expected.values()

    def __str__(self) -> str:
        return f"{self.endpoint} {self.method}"


def read(table: str, people: tuple[str, ...]) -> list[Door]:
    """The lines of PAGES or API."""
    doors = []
    for line in table.strip().splitlines():
        left, _, right = line.partition("|")
        endpoint, method, *words = left.split()
        if len(words) != len(people):
            raise ValueError(f"{endpoint} {method} has {len(words)} outcomes for {len(people)} people")
        shows = tuple(name for name in right.split() if name != "-")
        doors.append(Door(endpoint, method, dict(zip(people, words, strict=True)), shows))
    return doors


def filled(value: Any, things: Mapping[str, Any]) -> Any:
    """`value` with every `{thing}` replaced; where that is all, by the thing itself and not by its text."""
    return changed(value, lambda text: things[text[1:-1]] if text[:1] == "{" and text[-1:] == "}" else text)


def changed(value: Any, change: Callable[[str], Any]) -> Any:
    """`value` with every text in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: changed(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    return value
