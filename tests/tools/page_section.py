"""A part of a page in docs/ that is written from code, between two comments of its name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class PageSection:
    """``<!-- name -->`` … ``<!-- /name -->`` in ``docs/name.md``."""

    name: str

    def read(self) -> str:
        """What stands there now."""
        _, found, _ = self._parts()
        return found

    def write(self, text: str) -> None:
        """Put something else in its place."""
        before, _, behind = self._parts()
        self._page.write_text(f"{before}{self._begin}\n{text}{self._end}{behind}")

    @property
    def _page(self) -> Path:
        return DOCS / f"{self.name}.md"

    @property
    def _begin(self) -> str:
        return f"<!-- {self.name} -->\n"

    @property
    def _end(self) -> str:
        return f"<!-- /{self.name} -->\n"

    def _parts(self) -> tuple[str, str, str]:
        before, _, rest = self._page.read_text().partition(self._begin)
        found, _, behind = rest.partition(self._end)
        return before, found, behind
