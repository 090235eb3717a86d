"""Presets that people keep of an analysis: theirs, their teams', the facility's."""

from typing import Any

from flask import Response
from pydantic import BaseModel, Field

from portal.jobtype.model import JobType
from portal.presets.models import LONGEST_NOTE, SavedPreset
from portal.presets.offered import kept_as, typed_for_keeping
from portal.presets.service import Whose, keep, may_change, presets_of, take_off
from portal.web.api.answer import answer
from portal.web.api.blueprint import make_blueprint
from portal.web.bounded import Body, Id, Options, PathId, Title
from portal.web.context import actor, close_session, now, portal, session

api = make_blueprint("presets", "Presets of an analysis that people keep.")


class KeptPresetOut(BaseModel):
    """A preset that somebody keeps."""

    id: int
    name: str
    key: str = Field(description="By which a form names it: mine/Fine, facility/Fine, LS-2431/Fine.")
    whose: str
    note: str
    options: dict[str, Any] = Field(description="Values that the analysis takes as it is now.")
    left_out: str = Field(description="What was kept and cannot be used any more, in words; empty where all can.")
    may_change: bool


class KeptPresets(BaseModel):
    """One's own first, then those of one's teams, then the facility's."""

    items: list[KeptPresetOut]


class PresetRequest(Body):
    """Values to keep under a name."""

    name: Title
    options: Options
    note: str = Field("", max_length=LONGEST_NOTE, description="What it is good for.")
    experiment: Id | None = Field(None, description="Whose team has it; null: nobody but oneself.")
    facility: bool = Field(False, description="Everybody has it; for staff.")
    replace: bool = Field(False, description="In the place of one's own of that name.")


class AnalysisPath(BaseModel):
    """Which analysis."""

    name: str = Field(max_length=60)


class PresetPath(BaseModel):
    """Which preset."""

    preset_id: PathId


@api.get("/analyses/<name>/presets", summary="Presets that people keep", responses={200: KeptPresets})
def read_presets(path: AnalysisPath) -> Response:
    """Those that this person has, besides the analysis's own."""
    jobtype = portal().jobtypes.named(path.name)
    return answer(KeptPresets(items=[_out(jobtype, one) for one in presets_of(session(), actor(), path.name)]))


@api.post("/analyses/<name>/presets", summary="Keep a preset", responses={201: KeptPresetOut})
def keep_preset(path: AnalysisPath, body: PresetRequest) -> Response:
    """What belongs to one dataset (arrays, files, a part of it) is refused (422). A taken name is 409."""
    jobtype = portal().jobtypes.named(path.name)
    values = typed_for_keeping(jobtype, body.options)
    close_session()
    with portal().database.write() as writing:
        kept = keep(
            writing,
            actor(),
            jobtype,
            body.name,
            values,
            whose=Whose(experiment=body.experiment, facility=body.facility),
            note=body.note,
            replace=body.replace,
            now=now(),
        )
        shown = _out(jobtype, kept)
    return answer(shown, 201)


@api.delete("/presets/<int:preset_id>", summary="Take a preset off", responses={204: None})
def take_preset_off(path: PresetPath) -> Response:
    """For who kept it, and of the facility's for all staff."""
    close_session()
    with portal().database.write() as writing:
        take_off(writing, actor(), path.preset_id, now=now())
    return Response(status=204)


def _out(jobtype: JobType, preset: SavedPreset) -> KeptPresetOut:
    kept = kept_as(jobtype, preset)
    return KeptPresetOut(
        id=preset.id,
        name=kept.label,
        key=kept.key,
        whose=kept.whose,
        note=kept.note,
        options=dict(kept.values),
        left_out=kept.left_out,
        may_change=may_change(actor(), preset),
    )
