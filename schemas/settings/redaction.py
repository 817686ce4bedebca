"""What is taken out of lines before anything leaves the stream stage."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.parts import Key, Problem, ProblemsError, Section, mistake
from schemas.settings.secret import Secret
from schemas.settings.where import SourceRule

DetectorName = Literal["email", "card", "iban", "ip", "token", "base64"]

REGEX_MAX = 10_000


def _regex(text: str) -> str:
    if len(text) > REGEX_MAX:
        raise mistake(f"the expression is longer than {REGEX_MAX} characters", "make several patterns of it")
    try:
        import re2
    except ImportError:
        return text  # only the stream stage has it, and says the same when it starts
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        raise mistake(f"{text!r} is no expression of RE2: {_reason(error)}", _REMEDY) from None
    if compiled.search("") is not None:
        raise mistake(f"{text!r} also matches where nothing stands", "let it ask for at least one character")
    return text


_REMEDY = "RE2 has no look-ahead, look-behind or back-references; put what to replace into a group instead"


def _reason(error: Any) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def _replacement(text: str) -> str:
    if any(each.isspace() or not each.isprintable() or each in "\"'\\,;&" for each in text):
        raise mistake(
            f"{text!r} would end the value it stands for", "use no spaces, quotes, backslashes, commas, ; and &"
        )
    return text


Regex = Annotated[str, Field(min_length=1), AfterValidator(_regex)]
ReplacementText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_replacement)]


class RedactionPattern(Section):
    """Something of your own that must not be told."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64, examples=["customer"])]
    """What stands in the place of what was found, and in the counts."""

    regex: Annotated[Regex, Field(examples=["cust-[0-9]{6}"])]
    """Expression of RE2, found anywhere in a text; case counts, (?i) makes it not. With groups only what they take is
    replaced: `customer=(\\w+)`."""

    replacement: ReplacementText | None = None
    """Stands in the place of what was found. Null: that of the rule."""


class RedactionRule(SourceRule):
    """What is taken out of the lines of some sources.

    All rules that match a source apply together; where two look for the same, the first decides what becomes of it.
    """

    detect: Annotated[tuple[DetectorName, ...], Field(examples=[["email", "token"]])] = ()
    """What is looked for. email: addresses. card: payment card numbers with the right check digit. iban: bank accounts.
    ip: addresses of IPv4 and IPv6. token: passwords, keys, tokens, cookies, by their form or by the name before them.
    base64: whatever else is looked for, written in Base64. Empty: only the patterns."""

    patterns: tuple[RedactionPattern, ...] = ()
    """Expressions of your own. Each costs about a microsecond a line, and a line of JSON is searched string by string
    where an expression has anchors or the line has backslashes."""

    replacement: ReplacementText | None = None
    """Stands in the place of what was found; {name} is what it was, {hash} its hash. Null: [{name}], or [{name}:{hash}]
    in mode hash."""

    mode: Literal["mask", "hash", "remove"] = "mask"
    """mask: the replacement, the same for all. hash: a replacement that is the same for the same value, so that lines
    about one person can be found without knowing whom. remove: nothing."""

    key: Secret | None = None
    """Key of the hashes, by reference. Whoever has it can try values; change it, and old and new hashes differ. Only
    for mode hash, which needs it."""

    @property
    def template(self) -> str:
        """The replacement as it is meant."""
        return self.replacement or ("[{name}:{hash}]" if self.mode == "hash" else "[{name}]")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = [problem for problem in (self._no_purpose(), *self._no_key(), *self._no_hash()) if problem]
        if problems:
            raise ProblemsError(problems)
        return self

    def _no_purpose(self) -> Problem | None:
        if set(self.detect) - {"base64"} or self.patterns:
            return None
        if self.detect:
            return Problem("base64 alone finds nothing", "add what to look for inside of it: email, token", ("detect",))
        return Problem("nothing is looked for", "write detect: [email, token], or patterns")

    def _no_key(self) -> list[Problem]:
        if self.mode == "hash" and self.key is None:
            return [Problem("hashes need a key, or anybody could try values", "add key: {env: NAME}")]
        if self.mode != "hash" and self.key is not None:
            return [Problem("only hashes have a key", "write mode: hash, or leave key out", ("key",))]
        return []

    def _no_hash(self) -> list[Problem]:
        named: dict[Key, str | None] = {("replacement",): self.replacement}
        named |= {("patterns", number, "replacement"): each.replacement for number, each in enumerate(self.patterns)}
        return [
            Problem(wrong, remedy, key)
            for key, text in named.items()
            if text is not None and (wrong := self._mode_against(text))
            for remedy in [f"write [{{name}}{':{hash}' if self.mode == 'hash' else ''}], or leave it out"]
        ]

    def _mode_against(self, text: str) -> str:
        if self.mode == "remove":
            return "mode remove puts nothing in its place"
        if (self.mode == "hash") != (text.count("{hash}") == 1):
            return "mode hash needs {hash} once" if self.mode == "hash" else "only mode hash has a {hash}"
        return ""
