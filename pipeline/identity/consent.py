"""Consent records: by what right a voice is cloned. Without one, no voice is made from a recording."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.engines.engine_file import Sha256, first_fault
from pipeline.errors import PolicyError, UsageError
from pipeline.hashing import digest_bytes, digest_file

Use = Literal["audiobook", "game", "personal", "any"]
USES: tuple[Use, ...] = get_args(Use)
# What a book is rendered for, unless someone says otherwise.
DEFAULT_USE: Use = "audiobook"
CONSENT_SCHEMA = 1
HINT = "see docs/identity.md for what a consent record says"

Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DocumentForm(_Strict):
    """A scan or a recording of the consent itself, beside the record, sealed by its SHA-256."""

    file: Words
    sha256: Sha256


class ConsentForm(_Strict):
    """A consent record as a person writes it in YAML.

    Attributes:
        consent: version of this form, 1.
        person: whose voice it is.
        given: the day on which they agreed.
        expires: the last day on which it holds; for ever if left out.
        uses: what the voice may be used for; `any` is everything.
        books: slugs of the books that it is limited to; all if left out.
        references: SHA-256 of each recording that it covers.
        statement: what they agreed to, in their own words.
        signed_by: who signed, and how if it was not the person (a parent, an heir).
        document: the signed paper or a spoken consent, if it is kept as a file.
    """

    consent: Literal[1]
    person: Words
    given: datetime.date
    expires: datetime.date | None = None
    uses: list[Use] = Field(min_length=1)
    books: list[Words] | None = Field(default=None, min_length=1)
    references: list[Sha256] = Field(min_length=1)
    statement: Words
    signed_by: Words
    document: DocumentForm | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> ConsentForm:
        if self.expires is not None and self.expires < self.given:
            raise ValueError("expires before it was given")
        return self


@dataclass(frozen=True)
class Consent:
    """A consent record that was read; `sha256` is that of the file, `path` where it lies.

    `references` are SHA-256 of the recordings that it covers; the rest is as in `ConsentForm`.
    """

    person: str
    given: datetime.date
    expires: datetime.date | None
    uses: tuple[Use, ...]
    books: tuple[str, ...] | None
    references: tuple[str, ...]
    statement: str
    signed_by: str
    document: str | None
    path: Path
    sha256: str

    def refusal(
        self, reference_sha256: str, today: datetime.date, use: Use = DEFAULT_USE, book: str | None = None
    ) -> str | None:
        """Why the record does not allow it, in words; None if it does.

        Args:
            reference_sha256: of the recording that the voice is made from.
            book: slug of the book that is to be rendered; None where no book is meant yet.
        """
        if reference_sha256 not in self.references:
            return f"it does not cover the recording with SHA-256 {reference_sha256}"
        if today < self.given:
            return f"it is given for {self.given.isoformat()}, which has not come yet"
        if self.expires is not None and today > self.expires:
            return f"it ended on {self.expires.isoformat()}"
        if use not in self.uses and "any" not in self.uses:
            return f"it allows {', '.join(self.uses)}, not {use}"
        if book is not None and self.books is not None and book not in self.books:
            return f"it is for the book {', '.join(self.books)}, not '{book}'"
        return None

    def describe(self) -> str:
        """One line for a report: who, when, what for."""
        until = f", until {self.expires.isoformat()}" if self.expires else ""
        return f"{self.person} agreed on {self.given.isoformat()} to {', '.join(self.uses)}{until}"


def read_consent(path: Path) -> Consent:
    """The consent record in a YAML file; a document that it names is there and is the one it names.

    Raises:
        PolicyError: there is no such file, or its document is missing or another one.
        UsageError: it is not of the form; the message names the first fault.
    """
    data = _bytes_of(path)
    form = _form_of(data, path)
    if form.document is not None:
        _check_document(form.document, path)
    return Consent(
        person=form.person,
        given=form.given,
        expires=form.expires,
        uses=tuple(form.uses),
        books=None if form.books is None else tuple(form.books),
        references=tuple(form.references),
        statement=form.statement,
        signed_by=form.signed_by,
        document=None if form.document is None else form.document.file,
        path=path,
        sha256=digest_bytes(data),
    )


def demand_consent(
    consent: Consent,
    reference: Path,
    today: datetime.date,
    use: Use = DEFAULT_USE,
    book: str | None = None,
) -> None:
    """Nothing, if the record allows a voice to be made from the recording `reference`.

    Raises:
        PolicyError: it does not; the message says why.
        UsageError: the recording cannot be read.
    """
    try:
        sha256 = digest_file(reference)
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(reference)) from error
    reason = consent.refusal(sha256, today, use, book)
    if reason is not None:
        raise PolicyError(
            f"no consent to use '{reference.name}': {reason}", where=str(consent.path), hint=HINT
        )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PolicyError("there is no consent record", where=str(path), hint=HINT) from error
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _form_of(data: bytes, path: Path) -> ConsentForm:
    try:
        value: Any = yaml.safe_load(data)
        return ConsentForm.model_validate(value)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "not YAML"
        raise UsageError(f"consent record: {problem}", where=where, hint=HINT) from error
    except ValidationError as error:
        raise UsageError(f"consent record: {first_fault(error)}", where=str(path), hint=HINT) from error


def _check_document(document: DocumentForm, path: Path) -> None:
    where = path.parent / document.file
    try:
        sha256 = digest_file(where)
    except OSError as error:
        message = f"the document '{document.file}' cannot be read: {error.strerror}"
        raise PolicyError(message, where=str(path), hint=HINT) from error
    if sha256 != document.sha256:
        message = f"the document '{document.file}' has SHA-256 {sha256}, the record says {document.sha256}"
        raise PolicyError(message, where=str(path), hint="someone changed it since: ask again")
