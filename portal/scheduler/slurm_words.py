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
    "AssociationJobLimit": "Your account has as many jobs running as it may. It starts when one of them ends.",
    "AssociationResourceLimit": "Your account uses as much as it may. It starts when some of its jobs end.",
    "AssociationTimeLimit": "Your account has used up its computing time. Please ask staff.",
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

LIMIT = re.compile(r"(Assoc|QOS)(Grp|Max)(.+?)(PerUser|PerAccount|PerAcct|PerNode|PerJob)?(Limit)?")
THINGS: Mapping[str, str] = {
    "cpu": "processors", "mem": "memory", "memory": "memory", "node": "nodes", "gres": "GPUs", "gresgpu": "GPUs",
    "gpu": "GPUs", "jobs": "running jobs", "submit": "jobs in the queue", "submitjob": "jobs in the queue",
    "submitjobs": "jobs in the queue", "energy": "energy", "bb": "fast storage", "license": "licences",
    "licence": "licences", "billing": "computing units", "unknown": "resources",
}  # fmt: skip
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
    r"Invalid job array": "The cluster does not take so many jobs in one list.",
    r"accounting/QOS policy": "The limits of your account do not allow this job.",
    r"Access/permission denied|Invalid user": "The cluster does not accept your account.",
    r"Pathname of a file|batch script": "The cluster could not take the job's script.",
}
FULL = re.compile(r"(?:Assoc|QOS)\w*Submit\w*|MaxJobCount|submit limit exceeded|maximum .*jobs", re.IGNORECASE)
TEMPORARY = re.compile(r"temporarily unable|is temporarily|down or inactive|not available now", re.IGNORECASE)


def why_waiting(reason: str, text: str = "") -> str:
    """Why a job waits; `text` is Slurm's longer description, if it gave one."""
    known = WAITS.get(reason) or WAITS.get(reason.split(",", maxsplit=1)[0].strip())
    if known:
        return known
    limit = LIMIT.fullmatch(reason)
    if limit:
        return _limit(*limit.groups())
    return f"It waits, for a reason that Slurm calls “{(text or reason)[:100]}”."


def _limit(whose: str, _kind: str, what: str, per: str | None, _limit: str | None) -> str:
    """A limit of an association or a QOS; `what` is a resource, perhaps with its minutes."""
    owner = "Your account" if whose == "Assoc" else "Its class of service"
    thing = re.sub(r"[^a-z]", "", what.lower())
    if "wall" in thing:
        return f"{owner} lets a job run for less time than this one asks for. Please ask staff."
    if thing.endswith(("runminutes", "runmins")):
        return f"{owner} allows no more computing time to be under way at once. It starts when other jobs end."
    if thing.endswith(("minutes", "mins")):
        return f"{owner} has used up its computing time. Please ask staff."
    name = THINGS.get(thing, "resources")
    if per in {"PerJob", "PerNode"}:
        fewer = "less" if name in {"memory", "energy"} else "fewer"
        return f"{owner} lets a job have {fewer} {name} than this one asks for. Please ask staff."
    person = " for one person" if per == "PerUser" else ""
    return f"{owner} allows no more {name}{person} at a time. It starts when other jobs end."


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
