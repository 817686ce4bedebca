"""Severity by HTTP status, as the settings say it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.settings.http_status import HttpStatusSettings


def test_by_default_what_the_client_did_wrong_warns_and_what_the_server_could_not_do_is_an_error():
    numbers = HttpStatusSettings().numbers()
    assert [numbers[status] for status in (0, 99, 100, 200, 304, 404, 499, 500, 599)] == [0, 0, 9, 9, 9, 13, 13, 17, 17]
    assert len(numbers) == 600


def test_a_class_is_named_by_its_first_digit_and_a_code_goes_before_its_class():
    settings = HttpStatusSettings.model_validate(
        {"1xx": "trace", "2xx": "debug", "3xx": "notice", "4xx": "unknown", "5xx": "WARNING", "codes": {"429": "Error"}}
    )
    numbers = settings.numbers()
    assert [numbers[status] for status in (100, 200, 300, 400, 429, 500)] == [1, 5, 10, 0, 17, 13]


@pytest.mark.parametrize(
    "mistaken",
    [{"4xx": "loud"}, {"6xx": "info"}, {"codes": {99: "info"}}, {"codes": {600: "info"}}, {"codes": {404: 3}}],
)
def test_what_is_no_status_or_no_severity_is_a_mistake(mistaken: dict[str, object]):
    with pytest.raises(ValidationError):
        HttpStatusSettings.model_validate(mistaken)
