"""A photo that somebody sent becomes a plain JPEG: upright, sRGB, bounded, without metadata. Pure.

Nothing of the file that came in survives except its pixels, so a place of recording (GPS), a hidden second file or
a script cannot travel on. What cannot be decoded within bounds is refused with PhotoError.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps

from feeds.errors import PhotoError

LARGEST_FILE = 10 * 1024 * 1024  # bytes
MOST_PIXELS = 40_000_000
LONG_SIDE = 1600  # pixels; twice the width of the mail, for fine screens
QUALITY = 85
# A progressive JPEG has about ten scans; one of thousands keeps the decoder busy for minutes.
MOST_SCANS = 100
START_OF_SCAN = b"\xff\xda"

WHICH = "JPEG・PNG・WebPのどれかで保存し直してください。"
BROKEN = "写真のファイルが壊れているか、途中で切れています。元の写真をもう一度選んでください。"
TOO_MANY_PIXELS = "写真の画素数が大きすぎます（4,000万画素まで）。縮小してからお送りください。"
TOO_LARGE = "写真のファイルが大きすぎます（10MBまで）。縮小してからお送りください。"
MOVING = "動く画像は使えません。静止画を選んでください。"
OTHER_FILE_INSIDE = "写真のファイルの中に、写真ではないデータが入っています。写真だけを保存し直してください。"

# What Pillow's decoders raise for files that are broken or made to hurt.
_DECODER_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, AttributeError,
    OverflowError, ZeroDivisionError, MemoryError, RuntimeError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
# The beginnings of documents, scripts and archives that somebody's program may obey or unpack.
_OTHER_FILES = re.compile(
    rb"<\?php|<script[\s>]|<html[\s>]|<!doctype html|<iframe[\s>]|%PDF-\d\.\d|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RecodedPhoto:
    """A JPEG that we wrote ourselves."""

    jpeg: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        """SHA-256 of the file, hexadecimal: its name."""
        return hashlib.sha256(self.jpeg).hexdigest()


def recode(content: bytes) -> RecodedPhoto:
    """Decode within bounds and write anew; PhotoError says in Japanese why a file cannot be used."""
    if not content:
        raise PhotoError("写真のファイルが空です。もう一度選んでください。")
    if len(content) > LARGEST_FILE:
        raise PhotoError(TOO_LARGE)
    form = _format(content)
    _refuse_other_files(content, form)
    if form == "JPEG" and content.count(START_OF_SCAN) > MOST_SCANS:
        raise PhotoError(BROKEN)
    try:
        return _recoded(content, form)
    except _DECODER_ERRORS as error:
        if isinstance(error, (Image.DecompressionBombError, Image.DecompressionBombWarning)):
            raise PhotoError(TOO_MANY_PIXELS) from error
        raise PhotoError(BROKEN) from error


def written_before(jpeg: bytes) -> RecodedPhoto:
    """A photo that `recode` wrote, read back from where it was kept."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            return RecodedPhoto(jpeg, *image.size)
    except _DECODER_ERRORS as error:
        raise PhotoError(BROKEN) from error


def thumbnail(photo: RecodedPhoto, side: int = 320) -> bytes:
    """A small JPEG of the photo, for a page that lets somebody check which one it is."""
    with Image.open(io.BytesIO(photo.jpeg), formats=["JPEG"]) as image:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=75)
    return out.getvalue()


def _format(content: bytes) -> str:
    """The format by the file's first bytes; its name and declared type are the sender's say-so."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        if "HEIF" in Image.OPEN:  # a plug-in for it is installed
            return "HEIF"
        raise PhotoError(f"HEIC形式（iPhoneの標準）の写真は開けません。{WHICH}")
    raise PhotoError(f"この形式のファイルは写真として使えません。{WHICH}")


def _refuse_other_files(content: bytes, form: str) -> None:
    """A file that is a photo and an archive, page or script at once was made on purpose."""
    trailing = (form == "PNG" and not _ends_with_png(content)) or (form == "WEBP" and not _ends_with_webp(content))
    if trailing or _OTHER_FILES.search(content) or zipfile.is_zipfile(io.BytesIO(content)):
        raise PhotoError(OTHER_FILE_INSIDE)


def _ends_with_png(content: bytes) -> bool:
    """Whether nothing follows IEND; a file without IEND is left to the decoder, which calls it broken."""
    place = content.rfind(b"IEND\xae\x42\x60\x82")
    return place < 0 or not content[place + 8 :].strip(b"\0")


def _ends_with_webp(content: bytes) -> bool:
    declared = int.from_bytes(content[4:8], "little") + 8
    return not content[declared + declared % 2 :].strip(b"\0")


def _recoded(content: bytes, form: str) -> RecodedPhoto:
    if form == "WEBP":
        # Pillow's WebP reader sets memory aside for the whole canvas when it opens the file: look before.
        _refuse_pixels(*_webp_size(content))
    with Image.open(io.BytesIO(content), formats=[form, "MPO"] if form == "JPEG" else [form]) as image:
        _refuse_pixels(*image.size)
        # A JPEG with several pictures is a phone's depth or brightness map: the first one is the photo.
        if form != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise PhotoError(MOVING)
        profile = image.info.get("icc_profile")
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        upright = ImageOps.exif_transpose(image)
        pixels = _in_srgb(upright, profile)
    # A new picture takes over nothing but the pixels: no EXIF, XMP, comment or profile.
    plain = Image.new("RGB", pixels.size)
    plain.paste(pixels)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY, optimize=True)
    return RecodedPhoto(out.getvalue(), *plain.size)


def _refuse_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise PhotoError(BROKEN)
    if width * height > MOST_PIXELS:
        raise PhotoError(TOO_MANY_PIXELS)


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height as the first chunk says (RFC 9649)."""
    chunk = content[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PhotoError(BROKEN)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The pixels as RGB on white, converted from the camera's colour space if the file names one."""
    if image.mode.startswith("I"):  # 16 bits per pixel; convert() would cut instead of scale
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if "A" in image.getbands() or "transparency" in image.info:
        layers = image.convert("RGBA")
        ground = Image.new("RGBA", layers.size, "white")
        image = Image.alpha_composite(ground, layers).convert("RGB")
    elif image.mode not in ("RGB", "L", "CMYK"):
        image = image.convert("RGB")
    return _by_profile(image, profile) if profile else image.convert("RGB")


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A profile that does not fit the pixels: the colours are then a little off, the photo is still right.
        return image.convert("RGB")
    return converted if converted is not None else image.convert("RGB")
