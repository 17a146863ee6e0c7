from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from feeds import photos
from feeds.errors import PhotoError
from feeds.photos import recode

GPS_IFD, ORIENTATION = 0x8825, 0x0112


def picture(size: tuple[int, int] = (400, 300), mode: str = "RGB") -> Image.Image:
    return Image.effect_noise(size, 40).convert(mode)


def as_bytes(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def decoded(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def webp_that_claims(width: int, height: int) -> bytes:
    body = (
        b"VP8X"
        + struct.pack("<I", 10)
        + b"\0" * 4
        + (width - 1).to_bytes(3, "little")
        + (height - 1).to_bytes(3, "little")
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_a_jpeg_of_bounded_size(form: str) -> None:
    photo = recode(as_bytes(picture((2000, 1000)), form))
    image = decoded(photo.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (1600, 800))
    assert (photo.width, photo.height) == image.size


def test_a_small_photo_is_not_blown_up() -> None:
    assert recode(as_bytes(picture((40, 30)), "PNG")).width == 40


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    source = picture((300, 200)).convert("L")
    image = (
        source.point(lambda value: value * 256, "I").convert("I;16")
        if mode == "I;16"
        else source.convert("RGBA" if mode == "PA" else mode)
    )
    assert decoded(recode(as_bytes(image, "PNG")).jpeg).mode == "RGB"


def test_transparency_becomes_white() -> None:
    pixels = decoded(recode(as_bytes(Image.new("RGBA", (50, 50), (255, 0, 0, 0)), "PNG")).jpeg)
    assert pixels.getpixel((25, 25)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    pixels = decoded(recode(as_bytes(Image.new("I;16", (50, 50), 0x8000), "PNG")).jpeg)
    assert abs(pixels.getpixel((25, 25))[0] - 128) < 3  # type: ignore[index]


def test_a_cmyk_photo_of_a_printers_keeps_its_colours() -> None:
    pixels = decoded(recode(as_bytes(Image.new("RGB", (50, 50), (200, 30, 30)).convert("CMYK"), "JPEG")).jpeg)
    red, green, _ = pixels.getpixel((25, 25))  # type: ignore[misc]
    assert red > 180 > 60 > green


def test_a_photo_lying_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    photo = recode(as_bytes(picture((400, 300)), "JPEG", exif=exif))
    assert (photo.width, photo.height) == (300, 400)


def test_place_and_camera_and_every_other_remark_are_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (43.0, 3.0, 43.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = as_bytes(
        picture(),
        "JPEG",
        exif=exif,
        comment=b"SecretComment",
        icc_profile=profile,
        xmp=b"<x>SecretXmp</x>",
        dpi=(300, 300),
    )
    assert content.count(b"Secret") == 3
    photo = recode(content)
    assert b"Secret" not in photo.jpeg
    image = decoded(photo.jpeg)
    assert dict(image.getexif()) == {}
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_text_in_a_png_is_gone() -> None:
    remarks = PngImagePlugin.PngInfo()
    remarks.add_text("Author", "SecretAuthor")
    assert b"Secret" not in recode(as_bytes(picture(), "PNG", pnginfo=remarks)).jpeg


def with_red_and_blue_exchanged(profile: bytes) -> bytes:
    """The tag table of an ICC profile begins at byte 128: exchange the names of the two primaries there."""
    count = int.from_bytes(profile[128:132], "big")
    head, table, rest = profile[:132], profile[132 : 132 + 12 * count], profile[132 + 12 * count :]
    table = table.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    return head + table + rest


def test_colours_of_another_colour_space_are_converted() -> None:
    profile = with_red_and_blue_exchanged(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    photo = recode(as_bytes(Image.new("RGB", (50, 50), (200, 30, 30)), "PNG", icc_profile=profile))
    red, _, blue = decoded(photo.jpeg).getpixel((25, 25))  # type: ignore[misc]
    assert blue > 180 > 60 > red


def test_a_colour_profile_that_does_not_fit_leaves_the_colours_alone() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photo = recode(as_bytes(Image.new("RGB", (50, 50), (200, 30, 30)), "JPEG", icc_profile=profile))
    assert decoded(photo.jpeg).getpixel((25, 25))[0] > 180  # type: ignore[index]


def test_a_broken_colour_profile_does_not_stop_a_photo() -> None:
    assert recode(as_bytes(picture(), "JPEG", icc_profile=b"no profile at all" * 20)).width == 400


def test_a_telephones_photo_with_a_second_picture_inside_is_taken() -> None:
    content = as_bytes(picture(), "MPO", save_all=True, append_images=[picture((100, 100))])
    assert recode(content).width == 400


def test_the_same_photo_gets_the_same_name() -> None:
    content = as_bytes(picture(), "PNG")
    assert recode(content).digest == recode(content).digest
    assert len(recode(content).digest) == 64


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空です"),
        (b"\xff\xd8\xff" + b"\0" * photos.LARGEST_FILE, "10MBまで"),
        (b"GIF89a" + b"\0" * 100, "JPEG・PNG・WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG・PNG・WebP"),
        (b"%PDF-1.7\n", "JPEG・PNG・WebP"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "HEIC"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "壊れている"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "壊れている"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 4, "壊れている"),
        (b"RIFF\x10\0\0\0WEBPXXXX" + b"x" * 40, "ではないデータ"),
        (png_that_claims(10_000, 10_000), "画素数"),
        (png_that_claims(60_000, 60_000), "画素数"),
        (webp_that_claims(16_000, 16_000), "画素数"),
    ],
    ids=[
        "empty",
        "large",
        "gif",
        "svg",
        "pdf",
        "heic",
        "jpeg-noise",
        "png-noise",
        "webp-cut",
        "webp-tail",
        "bomb",
        "huge-bomb",
        "webp-bomb",
    ],
)
def test_what_cannot_be_used_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        recode(content)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_was_cut_off_on_its_way_is_refused(form: str) -> None:
    content = as_bytes(picture(), form)
    with pytest.raises(PhotoError, match="壊れている"):
        recode(content[: len(content) // 2])


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_a_moving_picture_is_refused(form: str) -> None:
    frames = [picture((50, 50)), picture((50, 50))]
    with pytest.raises(PhotoError, match="動く画像"):
        recode(as_bytes(frames[0], form, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<?php system($_GET[0]); ?>", b"%PDF-1.7 "])
def test_a_photo_that_is_also_something_else_is_refused(form: str, tail: bytes) -> None:
    with pytest.raises(PhotoError, match="写真ではないデータ"):
        recode(as_bytes(picture(), form) + tail)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_is_also_an_archive_is_refused(form: str) -> None:
    archive = io.BytesIO(as_bytes(picture(), form))
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("hidden.txt", "hidden")
    with pytest.raises(PhotoError, match="写真ではないデータ"):
        recode(archive.getvalue())


def test_a_script_inside_the_remarks_of_a_photo_is_refused() -> None:
    with pytest.raises(PhotoError, match="写真ではないデータ"):
        recode(as_bytes(picture(), "JPEG", comment=b"<script>alert(1)</script>"))


def test_a_png_whose_text_grows_without_end_is_refused() -> None:
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 80_000_000))
    content = as_bytes(picture(), "PNG")
    with pytest.raises(PhotoError):
        recode(content[:33] + bomb + content[33:])


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    content = as_bytes(picture(), "JPEG", progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]
    assert recode(content).width == 400
    with pytest.raises(PhotoError, match="壊れている"):
        recode(content[:-2] + scan * 200 + content[-2:])


def test_a_photo_we_wrote_is_read_back_as_it_is() -> None:
    photo = recode(as_bytes(picture(), "JPEG"))
    assert photos.written_before(photo.jpeg) == photo
    assert max(decoded(photos.thumbnail(photo)).size) == 320
    with pytest.raises(PhotoError):
        photos.written_before(b"no photo")
