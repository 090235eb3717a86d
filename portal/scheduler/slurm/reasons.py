"""Slurm's reasons and refusals in words for people.

Reasons: squeue(1), "JOB REASON CODES", and sacctmgr(1) for the names of limits. A reason that is not known here is
told as Slurm's own word.
"""

import re
from collections.abc import Mapping

from portal.scheduler.base import Ending

WAITS: Mapping[str, str] = {
    "None": "It waits for its turn.",
    "Priority": "Others go first: their jobs have a higher priority just now.",
    "Resources": "It is next, and waits for enough free processors or memory.",
    "BeginTime": "It is not to start before a set time.",
    "Dependency": "It waits for another job to end.",
    "DependencyNeverSatisfied": "The job that it waits for has failed, so it will never start. Cancel it.",
    "JobHeldUser": "It is held, and starts when you release it.",
    "JobHeldAdmin": "The cluster's administrator holds it. Please ask staff.",
    "JobArrayTaskLimit": "It waits for others of this submission: only so many of them run at a time.",
    "Licenses": "It waits for a software licence.",
    "Reservation": "It waits for its reservation to begin.",
    "ReservationDeleted": "The reservation that it was for is gone. Please ask staff.",
    "ReservationInvalid": "The reservation that it was for is not valid any more. Please ask staff.",
    "SchedDefer": "It waits for the cluster to look at it.",
    "Constraints": "No free node is as this job wants it.",
    "BurstBufferOperation": "It waits for fast storage.",
    "AccountingPolicy": "A limit of your account keeps it waiting. Please ask staff.",
    "QOSUsageThreshold": "Its class of service has been used too much of late. Please ask staff.",
    "MaxPoweredUpNodes": "As many nodes are switched on as may be. It starts when one is free.",
    "MpiPortsBusy": "It waits for network ports on its nodes.",
    "NvidiaImexChannels": "It waits for channels between the GPUs of several nodes.",
    "NonZeroExitCode": "It waits after its program reported a failure.",
    "OutOfMemory": "It waits after it ran out of memory.",
    "TimeLimit": "It waits after it reached its time limit.",
    "Cleaning": "It was put back, and waits for its first run to be cleared away.",
    "Prolog": "Its node is being prepared.",
    "NodeDown": "A node that it needs is out of order.",
    "BadConstraints": "No node is as this job wants it. Please ask staff.",
    "PartitionDown": "The queue that it is in does not start jobs now. Please ask staff.",
    "PartitionInactive": "The queue that it is in does not start jobs now. Please ask staff.",
    "PartitionNodeLimit": "It asks for more nodes than its queue may give.",
    "PartitionTimeLimit": "It asks for more time than its queue may give.",
    "PartitionConfig": "Its queue may not give what it asks for. Please ask staff.",
    "AccountNotAllowed": "Your account may not use this queue. Please ask staff.",
    "QOSNotAllowed": "Your account may not use this class of service. Please ask staff.",
    "InvalidAccount": "The account that it is charged to is not valid any more. Please ask staff.",
    "InvalidQOS": "Its class of service is not valid any more. Please ask staff.",
    "ReqNodeNotAvail": "A node that it needs is not available: it is being serviced, or kept for others.",
    "FrontEndDown": "The cluster's front end is out of order.",
    "SystemFailure": "Something failed in the cluster. Please ask staff.",
    "BurstBufferResources": "It waits for fast storage.",
    "BurstBufferStageIn": "Its data are being copied to fast storage.",
    "FedJobLock": "It waits for another cluster to decide.",
    "MaxMemPerLimit": "It asks for more memory than is allowed.",
    "AssociationJobLimit": "You have as many jobs running as may be at once. It starts when one of them ends.",
    "AssociationResourceLimit": "Your running jobs use as much as they may. It starts when some of them end.",
    "AssociationTimeLimit": "You have used up the computing time that was given. Please ask staff.",
    "QOSJobLimit": "As many jobs of its class of service run as may. It starts when one of them ends.",
    "QOSResourceLimit": "Its class of service uses as much as it may. It starts when some jobs end.",
    "QOSTimeLimit": "Its class of service has used up its computing time. Please ask staff.",
    "JobHoldMaxRequeue": "It was put back too often, and is held. Please ask staff.",
    "JobLaunchFailure": "It could not be started on its node, and is held. Please ask staff.",
    "launch failed requeued held": "It could not be started on its node, and is held. Please ask staff.",
    "RaisedSignal": "It waits after it was ended by a signal.",
    "DeadLine": "It cannot end before its deadline any more.",
    "InactiveLimit": "It was silent for too long.",
    "Reserved": "It waits for nodes that are kept for others.",
    "NodesDown": "Nodes that it needs are out of order.",
}

LIMIT = re.compile(
    r"(?P<whose>Assoc|QOS)?(?P<kind>Grp|Max|Min)(?P<what>.+?)"
    r"(?P<per>PerUser|PerAccount|PerAcct|PerNode|PerJob)?(?:Limit|NotSatisfied)?"
)
THINGS: Mapping[str, str] = {
    "cpu": "processors", "mem": "memory", "memory": "memory", "node": "nodes", "gres": "GPUs", "gresgpu": "GPUs",
    "gpu": "GPUs", "energy": "energy", "bb": "fast storage", "license": "licences", "licence": "licences",
    "billing": "computing units", "unknown": "resources",
}  # fmt: skip
UNCOUNTED = frozenset({"memory", "energy", "fast storage", "computing time"})
TIME_SPENT = re.compile(r"(?P<run>run)?(?:minutes|mins)$")
ENDED: Mapping[Ending, str] = {
    Ending.TIMEOUT: "It reached its time limit.",
    Ending.OUT_OF_MEMORY: "It used more memory than it had asked for.",
    Ending.NODE_FAIL: "A node failed while it ran.",
    Ending.PREEMPTED: "It had to make room for a more urgent job.",
    Ending.BOOT_FAIL: "Its nodes could not be started.",
    Ending.DEADLINE: "It could not end before its deadline.",
}
REFUSED: Mapping[str, str] = {
    r"Invalid account or account/partition|account is invalid": (
        "The cluster does not know your account, or it may not use this queue."
    ),
    r"group not permitted|not permitted to use this partition": "Your account may not use this queue.",
    r"Invalid qos|QOS not permitted": "Your account may not use this class of service.",
    r"[Ii]nvalid partition": "The cluster has no queue of the configured name.",
    r"time limit is invalid": "It asks for more time than the cluster gives a job.",
    r"Memory specification": "It asks for more memory than any node of the cluster has.",
    r"node configuration is not available|More processors": "No node of the cluster has what it asks for.",
    r"Invalid feature": "The cluster has no nodes of the configured kind.",
    r"[Ii]nvalid generic resource": "The cluster has no GPUs of the configured kind.",
    r"[Ii]nvalid license": "The cluster has no such licence as this analysis needs. Please ask staff.",
    r"Invalid job array": "The cluster does not take so many jobs in one list.",
    r"accounting/QOS policy": "The limits of your account do not allow this job.",
    r"Access/permission denied|Invalid user": "The cluster does not accept your account.",
    r"Pathname of a file|batch script": "The cluster could not take the job's script.",
}
ACCOUNT = re.compile(
    r"[Ii]nvalid account|account is invalid|not permitted|[Ii]nvalid qos|permission denied|[Ii]nvalid user"
)
"""Refusals that are about whose job it is, not about what it asks for."""
FULL = re.compile(r"(?:Assoc|QOS)\w*Submit\w*|MaxJobCount|submit limit exceeded|maximum .*jobs", re.IGNORECASE)
TEMPORARY = re.compile(r"temporarily unable|is temporarily|down or inactive|not available now", re.IGNORECASE)


def why_waiting(reason: str, text: str = "", licences: str = "") -> str:
    """Why a job waits; `text` is Slurm's longer description, `licences` what it asks for, if that is known."""
    if reason == "Licenses" and licences:
        names = [re.split("[@:]", one.strip(), maxsplit=1)[0] for one in licences.split(",")]
        told = "licence of" if len(names) == 1 else "licences of"
        return f"It waits for {'a ' if len(names) == 1 else ''}{told} {' and '.join(names)}: all are in use."
    known = WAITS.get(reason) or WAITS.get(reason.split(",", maxsplit=1)[0].strip())
    if known:
        return known
    limit = LIMIT.fullmatch(reason)
    if limit:
        what = re.sub(r"[^a-z]", "", limit["what"].lower())
        return _limit(limit["whose"] or "", limit["kind"], what, limit["per"])
    return f"It waits, for a reason that Slurm calls “{(text or reason)[:100]}”."


def _limit(whose: str, kind: str, what: str, per: str | None) -> str:
    """A limit of an association or a QOS: who may not have more, and of what.

    Slurm names the limits of one person's association Max, those of everybody beneath an account Grp.
    """
    name = THINGS.get(what, "resources")
    have = _have(whose, kind, per)
    if kind == "Min":
        return f"It asks for {_less(name)} {name} than its class of service demands of a job. Please ask staff."
    spent = TIME_SPENT.search(what)
    if spent and not spent["run"] and per != "PerJob":
        return f"{have} used up the computing time that was given. Please ask staff."
    if spent and spent["run"]:
        name = "computing time"
    elif spent or (what.startswith("wall") and kind == "Max"):
        name, per = "computing time" if spent else "time", "PerJob"
    elif what.startswith("wall"):
        return f"{have} used up the computing time that was given. Please ask staff."
    if per in {"PerJob", "PerNode"}:
        where = "one job may have" if per == "PerJob" else "one job may have on a node"
        return f"It asks for more {name} than {where}. Please ask staff."
    if what.startswith(("job", "submitjob", "submit")):
        doing = "running" if what.startswith("job") else "waiting and running"
        return f"{have} as many jobs {doing} as may be at once. It starts when one of them ends."
    much = "much" if name in UNCOUNTED else "many"
    uses = {"You have": "Your running jobs use", "Your group has": "Your group's running jobs use"}
    whom = uses.get(have, "The running jobs of its class of service use")
    return f"{whom} as {much} {name} as they may. It starts when one of them ends."


def _have(whose: str, kind: str, per: str | None) -> str:
    """Whose limit it is, as the beginning of a sentence."""
    if per == "PerUser" or (whose == "Assoc" and kind == "Max"):
        return "You have"
    if per in {"PerAccount", "PerAcct"} or whose == "Assoc":
        return "Your group has"
    return "Its class of service has"


def _less(name: str) -> str:
    return "less" if name in UNCOUNTED else "fewer"


def why_ended(ending: Ending | None, reason: str) -> str | None:
    """Why a job ended, where Slurm itself ended it."""
    if ending is None:
        return None
    if ending is Ending.FAILED and reason == "JobLaunchFailure":
        return "It could not be started on its node."
    return ENDED.get(ending)


def refusal(said: str) -> tuple[str, bool]:
    """What a refusal of sbatch means, in words, and whether another try later could help."""
    if FULL.search(said):
        return "You have as many jobs at the cluster as your account may have. It is tried again later.", True
    if TEMPORARY.search(said):
        return "The cluster takes no jobs just now. It is tried again later.", True
    for pattern, text in REFUSED.items():
        if re.search(pattern, said):
            return text, False
    last = said.strip().rpartition("\n")[2].rpartition("failed: ")[2]
    return f"The cluster refused the job: {last[:200] or 'without a reason'}.", False
