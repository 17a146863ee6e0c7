"""Decompression with a lid: a few kilobytes that unpack to gigabytes are stopped at the limit, not at the end."""

from __future__ import annotations

import zlib

from feeds.errors import FetchError

GZIP_MAGIC = b"\x1f\x8b\x08"
_ANY_HEADER = 47  # zlib or gzip, with the largest window
_RAW = -15


def too_big(max_bytes: int) -> FetchError:
    """What is said of a document beyond the limit."""
    return FetchError(f"文書が大きすぎます（上限 {max_bytes / 1024 / 1024:.4g} MB）。")


class Inflater:
    """Takes compressed bytes as they come and gives what they hold, `max_bytes` in all and no more."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes, self._given = max_bytes, 0
        self._engine, self._started = zlib.decompressobj(_ANY_HEADER), False

    def feed(self, chunk: bytes) -> bytes:
        """The next piece; raises FetchError when the bytes are damaged or hold too much."""
        pieces = []
        while chunk:
            piece = self._inflate(chunk)
            self._given += len(piece)
            if self._given > self._max_bytes:
                raise too_big(self._max_bytes)
            pieces.append(piece)
            chunk = self._engine.unconsumed_tail or self._next_member()
        return b"".join(pieces)

    def finish(self) -> None:
        """Say that nothing more comes; raises FetchError if something is missing."""
        if self._started and not self._engine.eof:
            raise FetchError("圧縮された文書が途中で切れています。")

    def _inflate(self, chunk: bytes) -> bytes:
        room = self._max_bytes - self._given + 1
        try:
            try:
                return self._engine.decompress(chunk, room)
            except zlib.error:
                if self._started:
                    raise
                # "deflate" means zlib (RFC 9110 8.4.1.2), but some servers send it raw.
                self._engine = zlib.decompressobj(_RAW)
                return self._engine.decompress(chunk, room)
        except zlib.error as error:
            raise FetchError("圧縮された文書が壊れています。") from error
        finally:
            self._started = True

    def _next_member(self) -> bytes:
        """A gzip file may be several, one after the other; anything else behind the end is padding."""
        rest = self._engine.unused_data if self._engine.eof else b""
        if not rest.startswith(GZIP_MAGIC):
            return b""
        self._engine = zlib.decompressobj(_ANY_HEADER)
        return rest


def inflate(body: bytes, max_bytes: int) -> bytes:
    """A whole gzip file, unpacked."""
    inflater = Inflater(max_bytes)
    unpacked = inflater.feed(body)
    inflater.finish()
    return unpacked
