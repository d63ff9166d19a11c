"""Messages and numbers in one language."""

from __future__ import annotations

from ..labels.catalogue import catalogue


class Words:
    """The messages of a language, ready to be filled in.

    Raises:
        UsageError: There is no such language.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.messages = catalogue(language)

    def __call__(self, key: str, **gaps: object) -> str:
        return self.messages[key].format(**gaps)

    def named(self, group: str, name: str) -> str:
        """The word for a name that the label gives, which may be one that nobody has translated."""
        return self.messages.get(f"{group}.{name}", name)

    def number(self, value: float, digits: int) -> str:
        """With the language's decimal mark."""
        return f"{value:.{digits}f}".replace(".", self.messages["decimal"])

    def whole(self, value: int) -> str:
        """With the language's mark between thousands."""
        return f"{value:,}".replace(",", self.messages["thousands"])

    def percent(self, share: float, digits: int = 0) -> str:
        """A share, 0 to 1."""
        return self("percent", number=self.number(100 * share, digits))
