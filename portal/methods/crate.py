"""How a result was made as an RO-Crate 1.1 with the profile Process Run Crate: an action for each step.

https://w3id.org/ro/crate/1.1, https://w3id.org/ro/wfrun/process/0.5. Files of inputs are named with size and
SHA-256 and not copied; those of the result lie beneath data/, or at their addresses where the document is alone.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, DataEntity
from rocrate.rocrate import ROCrate
from sqlalchemy.orm import Session

from portal.catalogue.access import visible
from portal.catalogue.models import Datafile, Dataset
from portal.documents import finite
from portal.identity.actor import Actor
from portal.jobs.models import Job
from portal.jobtype.methods import Reference
from portal.level import level
from portal.methods.account import Account
from portal.methods.publications import in_words
from portal.methods.quantities import unit
from portal.methods.sentences import hidden_words, value_words
from portal.methods.steps import Step

METADATA = "ro-crate-metadata.json"
TEXT, REFERENCES = "methods.txt", "references.bib"
FOLDER = "data"
"""Beneath it lie the result's files, so that none has the name of one of ours."""
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = {
    "sha256": "https://w3id.org/ro/terms/workflow-run#sha256",
    "containerImage": "https://w3id.org/ro/terms/workflow-run#containerImage",
    "ContainerImage": "https://w3id.org/ro/terms/workflow-run#ContainerImage",
}
MOST_FILES = 10_000
"""Files that are described; of further ones their number is said."""
_CITED = {
    "article": "ScholarlyArticle",
    "book": "Book",
    "proceedings": "ScholarlyArticle",
    "software": "SoftwareSourceCode",
}


@dataclass(frozen=True)
class FileRow:
    """What is said of a file."""

    id: int
    name: str
    size: int | None
    checksum: str
    modified: datetime | None
    files: int | None
    """How many files a folder that is one entry has."""


def described_files(
    session: Session, actor: Actor, datasets: Sequence[int], *, now: datetime | None = None
) -> dict[int, list[FileRow]]:
    """The files of these datasets that this person may see, by dataset in that order, `MOST_FILES` of all."""
    found: dict[int, list[FileRow]] = {}
    left = MOST_FILES
    for dataset in datasets:
        if not left:
            break
        columns = (
            Datafile.id, Datafile.name, Datafile.file_size, Datafile.checksum, Datafile.datafile_mod_time,
            Datafile.folder_files,
        )  # fmt: skip
        query = visible(actor, Datafile, now=now).with_only_columns(*columns)
        rows = session.execute(
            query.where(Datafile.dataset_id == dataset).order_by(Datafile.name).limit(left)
        ).all()
        found[dataset] = [FileRow(row[0], row[1], row[2], row[3] or "", row[4], row[5]) for row in rows]
        left -= len(rows)
    return found


def crate_document(
    session: Session, actor: Actor, account: Account, *, base: str, with_files: bool, now: datetime
) -> dict[str, Any]:
    """The content of ro-crate-metadata.json. `base`: the portal's address; `with_files`: they lie beside it."""
    steps = account.made.steps
    datasets = [account.made.dataset, *(linked.dataset for step in reversed(steps) for linked in step.inputs)]
    datasets += [one for step in steps for one in step.outputs]
    unique = list({one.id: one for one in datasets}.values())
    files = described_files(session, actor, [one.id for one in unique], now=now)
    return _Writer(account, base.rstrip("/"), files, with_files=with_files, now=now).document(unique)


class _Writer:
    def __init__(
        self, account: Account, base: str, files: Mapping[int, list[FileRow]], *, with_files: bool, now: datetime
    ) -> None:
        self._account, self._base, self._files, self._beside, self._now = account, base, files, with_files, now
        self._crate = ROCrate(version="1.1")
        self._crate.metadata.extra_terms.update(TERMS)

    def document(self, datasets: Sequence[Dataset]) -> dict[str, Any]:
        result = self._account.made.dataset
        entities = {one.id: self._dataset(one, result=one.id == result.id) for one in datasets}
        actions = [
            self._action(step, text, entities)
            for step, text in zip(
                self._account.made.steps, self._account.paragraphs[-len(self._account.made.steps) :], strict=True
            )
        ]
        root = self._crate.root_dataset
        root["name"] = result.name
        root["description"] = self._account.text
        root["datePublished"] = _moment(self._now)
        root["identifier"] = _identifier(result, self._base)
        root["conformsTo"] = self._context(PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
        root["license"] = self._context(
            "#licence", "CreativeWork", name="No licence is recorded",
            description=f"Under which terms these data may be used is not recorded. Ask the {level().one}'s team.",
        )  # fmt: skip
        root["mentions"] = actions
        if cited := [self._publication(key, one) for key, one in self._account.bibliography.entries()]:
            root["citation"] = cited
        if self._beside:
            self._own(TEXT, "How it was made, for a paper", "text/plain")
            if cited:
                self._own(REFERENCES, "The references as BibTeX", "application/x-bibtex")
        document: dict[str, Any] = self._crate.metadata.generate()
        return document

    def _context(self, key: str, kind: str | list[str], **properties: Any) -> Any:
        said = {name: value for name, value in properties.items() if value not in (None, "", [])}
        return self._crate.add(ContextEntity(self._crate, key, properties={"@type": kind, **said}))

    def _own(self, name: str, words: str, kind: str) -> None:
        self._crate.add_file(dest_path=name, properties={"name": words, "encodingFormat": kind})

    def _dataset(self, dataset: Dataset, *, result: bool) -> Any:
        listed = self._files.get(dataset.id, [])
        beside = result and self._beside
        files = [self._file(dataset, row, beside=beside) for row in listed]
        left = dataset.file_count - len(listed)
        said = [dataset.description or "", f"{left:,} more files are not described here." if left > 0 else ""]
        known = {
            "name": dataset.name,
            "description": " ".join(filter(None, said)),
            "identifier": _identifier(dataset, self._base),
            "url": f"{self._base}/datasets/{dataset.id}",
            "dateCreated": _moment(dataset.start_date),
            "hasPart": files,
            "variableMeasured": self._measured(dataset) if result else [],
            "comment": [
                self._context(f"#warning-{dataset.id}-{number}", "Comment", text=words)
                for number, words in enumerate(dataset.warnings or ())
            ],
        }
        properties = {name: value for name, value in known.items() if value not in (None, "", [])}
        if beside:
            return self._crate.add_dataset(dest_path=f"{FOLDER}/", properties=properties)
        address = f"{self._base}/datasets/{dataset.id}"
        return self._crate.add(DataEntity(self._crate, address, properties={"@type": "Dataset", **properties}))

    def _file(self, dataset: Dataset, row: FileRow, *, beside: bool) -> Any:
        kind, _, checksum = row.checksum.partition(":")
        folder = row.files is not None
        properties = {
            "name": row.name,
            "contentSize": str(row.size) if row.size is not None and not folder else "",
            "sha256": checksum if kind == "sha256" and not folder else "",
            "dateModified": _moment(row.modified),
            "encodingFormat": "" if folder else mimetypes.guess_type(row.name)[0] or "application/octet-stream",
            "description": f"A folder of {row.files:,} files." if folder else "",
        }
        said = {name: value for name, value in properties.items() if value}
        if beside:
            add = self._crate.add_dataset if folder else self._crate.add_file
            return add(dest_path=f"{FOLDER}/{row.name}", properties=said)
        address = f"{self._base}/api/v1/datasets/{dataset.id}/files/{row.id}/content"
        return self._context(address, "Dataset" if folder else "File", **said)

    def _measured(self, dataset: Dataset) -> list[Any]:
        """What the last step's program found."""
        steps = [step for step in self._account.made.steps if any(one.id == dataset.id for one in step.outputs)]
        return [
            self._property(f"#found-{dataset.id}-{quote(name, safe='')}", name, one.value, one.units)
            for step in steps
            for name, one in step.found.items()
        ]

    def _property(self, key: str, name: str, value: Any, units: str, **more: Any) -> Any:
        told = isinstance(value, bool | int | str) or finite(value)
        plain = value if told else str(value)
        return self._context(key, "PropertyValue", name=name, value=plain, unitText=unit(units), **more)

    def _action(self, step: Step, text: str, entities: Mapping[int, Any]) -> Any:
        run, key = step.run, f"run-{step.run.id}"
        number = f"{Job.number_of(run.portal_job)}: " if run.portal_job is not None else ""
        objects = [entities[linked.dataset.id] for linked in step.inputs]
        if run.hidden_inputs:
            objects.append(self._context(f"#{key}-hidden", "CreativeWork", name=hidden_words(run.hidden_inputs)))
        objects += [
            self._context(
                f"#{key}-deleted-{place}", "CreativeWork", name=name or "A dataset that was deleted since",
                description="It was deleted since.",
            )
            for place, (_slot, name) in enumerate(step.deleted)
        ]  # fmt: skip
        objects += self._settings(step, key)
        return self._context(
            f"#{key}",
            "CreateAction",
            name=f"{number}{step.told.title}",
            description=text,
            instrument=self._application(step),
            object=objects,
            result=[entities[one.id] for one in step.outputs],
            agent=self._context(f"#person-{quote(run.person, safe='')}", "Person", name=step.person),
            startTime=_moment(step.started or run.at),
            endTime=_moment(step.ended or run.at),
            actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
            containerImage=self._image(step),
        )

    def _settings(self, step: Step, key: str) -> list[Any]:
        found = []
        for name, value in step.run.options.items():
            if value is None:
                continue
            option = step.told.option(name)
            found.append(
                self._property(
                    f"#{key}-option-{quote(name, safe='')}", option.label if option else name, value,
                    option.units if option else "", propertyID=name, description=value_words(option, value),
                )
            )  # fmt: skip
        return found

    def _application(self, step: Step) -> Any:
        run, revision = step.run, step.fact("revision")
        gantry = step.fact("gantry")
        needs = self._context(
            f"#gantry-{quote(gantry, safe='')}", "SoftwareApplication", name="Gantry", softwareVersion=gantry
        )
        return self._context(
            f"#analysis-{quote(f'{run.application}-{run.version}-{revision[-16:]}', safe='')}",
            "SoftwareApplication",
            name=step.told.title,
            alternateName=run.application,
            softwareVersion=run.version,
            identifier=revision,
            softwareRequirements=needs,
        )

    def _image(self, step: Step) -> Any:
        image = step.image
        if image is None:
            return None
        kind, _, digest = image.digest.partition(":")
        return self._context(
            f"#image-{quote(f'{image.name}-{digest[:16]}', safe='')}",
            "ContainerImage",
            name=image.name,
            sha256=digest if kind == "sha256" else "",
            identifier=image.digest,
        )

    def _publication(self, key: str, reference: Reference) -> Any:
        where = f"https://doi.org/{quote(reference.doi, safe='/')}" if reference.doi else reference.url
        authors = [
            self._context(
                f"#author-{quote(name, safe='')}", "Person" if "," in name else "Organization", name=_given(name)
            )
            for name in reference.authors
        ]
        return self._context(
            where or f"#{key}", _CITED[reference.kind], name=reference.title, author=authors,
            datePublished=str(reference.year or ""), description=in_words(reference), identifier=where,
        )  # fmt: skip


def _given(name: str) -> str:
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma else name


def _identifier(dataset: Dataset, base: str) -> str:
    return f"https://doi.org/{dataset.doi}" if dataset.doi else f"{base}/datasets/{dataset.id}"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""
