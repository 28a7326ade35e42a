"""Marks on texts that are written in one place and translated in another."""


def marked(text: str) -> str:
    """Return ``text`` as it is: the mark puts it into the catalogues; who shows it to a reader translates it."""
    return text
