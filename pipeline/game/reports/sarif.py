"""A report as SARIF 2.1.0, for code scanning. Pure. Source: OASIS, SARIF Version 2.1.0 with Errata 01."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from pipeline import __version__
from pipeline.game.findings import CODES, PACK_CODES, Judged
from pipeline.game.reports.report import Report

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
ROOT = "%SRCROOT%"
FINGERPRINT = "fullcast/v1"
RULES = CODES | PACK_CODES


def sarif_value(report: Report) -> dict[str, Any]:
    """The log as plain values: one run, all rules, a result for each finding."""
    rules = list(RULES)
    return {
        "$schema": SCHEMA_URI,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": _driver()},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {ROOT: {"description": {"text": "The folder of the repository."}}},
                "invocations": [
                    {"executionSuccessful": report.exit_code in (0, 3), "exitCode": report.exit_code}
                ],
                "results": [_result(found, rules, report.prefix) for found in report.findings],
            }
        ],
    }


def _driver() -> dict[str, Any]:
    return {
        "name": "fullcast",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": name,
                "name": "".join(word.title() for word in code.title.replace("-", " ").split()),
                "shortDescription": {"text": code.title},
                "fullDescription": {"text": code.help},
                "help": {"text": code.help},
                "defaultConfiguration": {"level": code.severity},
            }
            for name, code in RULES.items()
        ],
    }


def _result(found: Judged, rules: list[str], prefix: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.code,
        "level": found.severity,
        "message": {"text": found.message + (f" [{found.id}]" if found.id else "")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(prefix + found.file), "uriBaseId": ROOT},
                    "region": {"startLine": found.row},
                }
            }
        ],
        "partialFingerprints": {FINGERPRINT: fingerprint(found)},
    }
    if found.code in rules:
        result["ruleIndex"] = rules.index(found.code)
    if found.locale:
        result["properties"] = {"locale": found.locale}
    return result


def fingerprint(found: Judged) -> str:
    """What a finding is recognised by after its row moved: SHA-256 of its code with its line's ID or text."""
    return hashlib.sha256(f"{found.code}{found.key}".encode()).hexdigest()
