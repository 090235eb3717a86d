"""The pages: blueprints, one module a noun."""

from portal.web.pages import (
    analyses,
    batches,
    data,
    datasets,
    device,
    experiments,
    facility,
    guide,
    health,
    home,
    jobs,
    me,
    methods,
    notices,
    sign_in,
    trials,
)

PAGES = (
    home.page,
    data.page,
    datasets.page,
    methods.page,
    experiments.page,
    analyses.page,
    jobs.page,
    batches.page,
    trials.page,
    facility.page,
    me.page,
    notices.page,
    device.page,
    guide.page,
    sign_in.page,
    health.page,
)
