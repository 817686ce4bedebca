"""Redactors as settings make them."""

from __future__ import annotations

from typing import Any

from schemas.settings.redaction import RedactionRule
from streams.core.redact import Redactor, redactor_of

ALL = ("email", "card", "iban", "ip", "token", "base64")


def redactor(*detect: str, **more: Any) -> Redactor:
    rule = RedactionRule.model_validate({"match": "**", "detect": detect, **more})
    made = redactor_of([rule], lambda secret: f"the value of {secret.env}")
    assert made is not None
    return made
