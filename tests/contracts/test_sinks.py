"""What every type of sink promises."""

from typing import get_args

import pytest

from schemas.settings import Sink
from sinks.run import SHELLS


def types_in_settings() -> set[str]:
    models = get_args(get_args(Sink)[0])
    return {get_args(model.model_fields["type"].annotation)[0] for model in models}
