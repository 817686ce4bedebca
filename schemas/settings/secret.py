"""Secrets stand in the settings by reference only: ``{env: NAME}`` or ``{file: PATH}``.

A literal is refused, so that the file can be shown, committed and sent along with a question. `Secret.resolve` fetches
the value when a stage starts; nothing else ever holds it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from pydantic import Discriminator, Tag, model_validator

from schemas.handed_over import secret_value
from schemas.settings.parts import Problem, ProblemsError, ScalarText, Section, mistake

_REMEDY: Final = "write {env: NAME_OF_A_VARIABLE} or {file: /path/of/a/file}"
_SECRET_NAME: Final = re.compile(
    r"secret|pass(?:word|phrase)|token|account_?key|access_key$|sas_key|customer_key|\.key\.pem|jaas", re.IGNORECASE
)
_HARMLESS_NAME: Final = re.compile(r"token\.endpoint|access_key_id|location|callback", re.IGNORECASE)


class Secret(Section):
    """A password or key by reference: `env` or `file`, one of them."""

    env: str | None = None
    """Name of the environment variable that holds the value."""

    file: str | None = None
    """File that holds the value; line ends behind it are left out. What Kubernetes mounts from a Secret."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, value: Any) -> Any:
        if isinstance(value, str | int | float):
            raise mistake("a secret must not stand in the settings itself: whoever reads the file knows it", _REMEDY)
        places = [key for key in ("env", "file") if isinstance(value, dict) and value.get(key)]
        if isinstance(value, dict) and not value.keys() - {"env", "file"} and len(places) != 1:
            raise mistake("a secret comes from one place: env or file", _REMEDY)
        return value

    def resolve(self, environ: Mapping[str, str], read_file: Callable[[str], str]) -> str:
        """Return the value; raises `SettingsError` when the variable or the file is missing or empty."""
        return secret_value(self.env, self.file, environ, read_file)


def _form(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


TextOrSecret = Annotated[
    Annotated[ScalarText, Tag("text")] | Annotated[Secret, Tag("secret")],
    Discriminator(_form),
]


def resolve(value: str | Secret, environ: Mapping[str, str], read_file: Callable[[str], str]) -> str:
    """Return a text as it is, a secret's value fetched."""
    return value if isinstance(value, str) else value.resolve(environ, read_file)


def references_only(values: dict[str, str | Secret]) -> dict[str, str | Secret]:
    """Refuse a mapping in which something whose name says that it is a secret is written out."""
    problems = [
        Problem(
            f"{key} is a secret and must not stand in the settings: whoever reads the file knows it", _REMEDY, (key,)
        )
        for key, value in values.items()
        if isinstance(value, str) and _SECRET_NAME.search(key) and not _HARMLESS_NAME.search(key)
    ]
    if problems:
        raise ProblemsError(problems)
    return values
