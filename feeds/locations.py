"""Web addresses: resolve, and bring to the canonical form that tells whether two addresses mean one page."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Parameters that say where a reader came from, not what is shown.
_TRACKERS = re.compile(
    r"utm_.*|mtm_.*|pk_.*|piwik_.*|_ga|_gl|gclid|gclsrc|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igshid|"
    r"mc_[ce]id|_hsenc|_hsmi|__hs.*|mkt_tok|vero_.*|oly_.*_id|wt[._].*|xtor|s_cid|cmpid|ncid|spm",
    re.IGNORECASE | re.DOTALL,
)
_ORIGIN_NAMES = frozenset({"ref", "source", "from", "src", "via", "partner", "cmp"})
_ORIGIN_VALUES = frozenset({"rss", "rss2", "feed", "feeds", "atom", "rdf", "newsfeed", "rssfeed"})
_UNRESERVED = "-._~"  # RFC 3986 section 2.3; letters and digits are never quoted either
_IN_PATH = _UNRESERVED + "!$&'()*+,;=:@/"
_IN_QUERY = _UNRESERVED + "!$'()*+,;:@/?"  # of a name or a value; & and = part them
_ESCAPE = re.compile(r"(%[0-9A-Fa-f]{2})")
_UNFIT_FOR_HOST = re.compile(r"[^a-z0-9._-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST_HOST = 253  # RFC 1035 section 2.3.4


def resolve(base: str, address: str) -> str:
    """The address as an absolute http(s) one, or "" if it leads elsewhere; relative as it is if there is no base."""
    address = _CONTROL.sub("", address).strip().replace(" ", "%20")
    try:
        absolute = urljoin(base, address)
        parts = urlsplit(absolute)
    except ValueError:  # "http://[" and the like
        return ""
    if not parts.scheme and not base:
        return address
    return absolute if parts.scheme in _DEFAULT_PORTS and parts.netloc else ""


def canonical_url(url: str) -> str:
    """The one address of a page: lower-case host, no default port, fragment or trackers, sorted query, no last slash.

    "" for what is not a web address. The result is a key to compare with; readers follow the original.
    """
    try:
        parts = urlsplit(_CONTROL.sub("", url).strip())
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not host:
        return ""
    where = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, where, _path(parts.path), _query(parts.query), ""))


def same_page_key(canonical: str) -> str:
    """A canonical URL without its scheme: a source that moves to https does not bring its old news again."""
    return canonical.partition("://")[2]


def _host(host: str) -> str:
    host = host.rstrip(".").lower()
    if ":" in host:
        return f"[{host}]"
    if len(host) > _LONGEST_HOST:
        return ""
    ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")  # UnicodeError is a ValueError
    return "" if _UNFIT_FOR_HOST.search(ascii_host) else ascii_host


def _path(path: str) -> str:
    """Same escapes for same characters, no dot segments, no trailing slash except the root's own."""
    path = _requote(path, _IN_PATH)
    if "/." in path:
        path = posixpath.normpath(path)
    return "/" + path.strip("/")


def _query(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    kept = [
        _requote(name, _IN_QUERY) + equals + _requote(value, _IN_QUERY + "=")
        for name, equals, value in pairs
        if not _TRACKERS.fullmatch(name) and not (name.lower() in _ORIGIN_NAMES and value.lower() in _ORIGIN_VALUES)
    ]
    return "&".join(sorted(kept))


def _requote(text: str, safe: str) -> str:
    """Percent-encode what must be and decode what need not be; an escaped delimiter stays escaped."""
    return "".join(
        _escape(piece) if odd % 2 else quote(piece, safe=safe) for odd, piece in enumerate(_ESCAPE.split(text))
    )


def _escape(escape: str) -> str:
    character = unquote_to_bytes(escape).decode("latin-1")
    plain = character.isascii() and (character.isalnum() or character in _UNRESERVED)
    return character if plain else escape.upper()
