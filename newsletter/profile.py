"""The association's own facts, from a TOML file."""


def current_or_none() -> None:
    return None
