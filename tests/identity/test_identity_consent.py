"""Consent records: what they say, and what they refuse."""

import datetime
from pathlib import Path

import pytest
import yaml

from pipeline.errors import PolicyError, UsageError
from pipeline.hashing import digest_bytes
from pipeline.identity.consent import demand_consent, read_consent

RECORDING = b"not a sound, but it has a digest"
TODAY = datetime.date(2026, 5, 1)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "grandpa.wav"
    path.write_bytes(RECORDING)
    return path


def record(folder: Path, **changes) -> Path:
    said = {
        "consent": 1,
        "person": "Walter Example",
        "given": datetime.date(2026, 1, 2),
        "expires": datetime.date(2027, 1, 2),
        "uses": ["audiobook"],
        "references": [digest_bytes(RECORDING)],
        "statement": "My voice may read the family's stories.",
        "signed_by": "Walter Example, on paper",
        **changes,
    }
    path = folder / "grandpa.consent.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in said.items() if value is not None}))
    return path


def test_a_record_that_covers_recording_day_and_use_allows_it(tmp_path, reference):
    consent = read_consent(record(tmp_path))
    demand_consent(consent, reference, TODAY)
    assert consent.describe() == "Walter Example agreed on 2026-01-02 to audiobook, until 2027-01-02"


def test_any_use_is_every_use_and_no_last_day_is_for_ever(tmp_path, reference):
    consent = read_consent(record(tmp_path, uses=["any"], expires=None))
    demand_consent(consent, reference, datetime.date(2126, 1, 1), "game", "some-book")


@pytest.mark.parametrize(
    ("changes", "asked", "said"),
    [
        ({"references": ["0" * 64]}, {}, "does not cover the recording"),
        ({"expires": datetime.date(2026, 4, 30)}, {}, "it ended on 2026-04-30"),
        ({"given": datetime.date(2026, 5, 2)}, {}, "has not come yet"),
        ({"uses": ["personal", "game"]}, {}, "allows personal, game, not audiobook"),
        ({"books": ["the-kettle"]}, {"book": "the-lamp"}, "for the book the-kettle, not 'the-lamp'"),
    ],
)
def test_what_a_record_does_not_allow_is_refused_with_the_reason(tmp_path, reference, changes, asked, said):
    consent = read_consent(record(tmp_path, **changes))
    with pytest.raises(PolicyError, match=said) as refused:
        demand_consent(consent, reference, TODAY, **asked)
    assert refused.value.exit_code == 7
    assert str(refused.value).startswith(str(consent.path))
    assert "\n" not in str(refused.value)


def test_a_recording_changed_by_one_byte_is_not_covered(tmp_path, reference):
    consent = read_consent(record(tmp_path))
    reference.write_bytes(RECORDING + b".")
    with pytest.raises(PolicyError, match="does not cover"):
        demand_consent(consent, reference, TODAY)


def test_no_record_at_all_is_a_matter_of_policy(tmp_path):
    with pytest.raises(PolicyError, match="there is no consent record"):
        read_consent(tmp_path / "nobody.yaml")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"person": None}, "person: Field required"),
        ({"statement": "  "}, "statement"),
        ({"uses": []}, "uses"),
        ({"uses": ["anything"]}, "uses.0"),
        ({"references": ["abc"]}, "references.0"),
        ({"mood": "good"}, "unknown key 'mood'"),
        ({"given": "yesterday"}, "given"),
        ({"expires": datetime.date(2025, 1, 1)}, "expires before it was given"),
    ],
)
def test_a_record_that_is_not_of_the_form_names_the_fault(tmp_path, changes, said):
    with pytest.raises(UsageError, match=said):
        read_consent(record(tmp_path, **changes))


def test_bad_yaml_is_named_with_its_row(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("consent: 1\nperson: [")
    with pytest.raises(UsageError, match=r"bad\.yaml:2: consent record"):
        read_consent(path)


def test_a_document_is_sealed_by_its_digest(tmp_path):
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"signed")
    path = record(tmp_path, document={"file": "scan.pdf", "sha256": digest_bytes(b"signed")})
    assert read_consent(path).document == "scan.pdf"
    scan.write_bytes(b"signed later")
    with pytest.raises(PolicyError, match="'scan.pdf' has SHA-256"):
        read_consent(path)
    scan.unlink()
    with pytest.raises(PolicyError, match="'scan.pdf' cannot be read"):
        read_consent(path)
