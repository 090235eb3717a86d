"""Who am I, and what may this token do?"""

from flask import Response, g
from pydantic import BaseModel, Field

from portal.jobs.read import own_counts
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.context import actor, portal, session

api = make_blueprint("me", "The person whose token it is.")


class Me(BaseModel):
    """The signed-in person."""

    name: str = Field(description="Sign-in name.")
    full_name: str
    roles: list[str] = Field(description="Beyond her own experiments: staff, ingest.")
    scopes: list[str] = Field(description="What this token may be used for.")
    site: str = Field(description="The facility's name.")
    jobs: dict[str, int] = Field(description="How many of her jobs are in each state, without trials.")
    trials: dict[str, int] = Field(
        description="How many of those are in each state that tried several values, or a draft and were not kept."
    )


@api.get("/me", summary="The person whose token it is", responses={200: Me})
def read_me() -> Response:
    """See Me."""
    who = actor()
    found = Me(
        name=who.name,
        full_name=who.full_name,
        roles=sorted(role.value for role in who.roles),
        scopes=sorted(g.scopes),
        site=portal().settings.site_name,
        jobs=_counted(trials=False),
        trials=_counted(trials=True),
    )
    return answer(found)


def _counted(*, trials: bool) -> dict[str, int]:
    return {state.value: number for state, number in own_counts(session(), actor(), trials=trials).items()}
