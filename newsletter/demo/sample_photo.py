"""An invented photo: hills under a winter sun, drawn, with the metadata a telephone would have put in."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFilter

SIZE = (1920, 1280)


def as_jpeg() -> bytes:
    """A JPEG of about 2.5 megapixels with a GPS position in it, which must be gone before anyone sees the photo."""
    picture = _sky()
    pen = ImageDraw.Draw(picture)
    pen.ellipse((1340, 190, 1520, 370), fill=(255, 246, 222))
    picture = picture.filter(ImageFilter.GaussianBlur(6))
    pen = ImageDraw.Draw(picture)
    for height, colour, length, shift in (
        (700, (158, 186, 196), 610, 0.4),
        (820, (112, 152, 156), 470, 1.7),
        (960, (70, 116, 110), 390, 3.1),
        (1110, (238, 243, 244), 560, 0.2),
    ):
        ridge = [(x, height + 70 * math.sin(x / length * 2 + shift) + 16 * math.sin(x / 57)) for x in range(0, 1921, 8)]
        pen.polygon([*ridge, (1920, 1280), (0, 1280)], fill=colour)
    exif = Image.Exif()
    exif[0x010F] = "Sample Phone"
    exif.get_ifd(0x8825).update({1: "N", 2: (43.0, 3.0, 43.0), 3: "E", 4: (141.0, 21.0, 15.0)})  # GPS
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def _sky() -> Image.Image:
    top, low = (120, 170, 205), (244, 226, 205)
    sky = Image.new("RGB", SIZE)
    pen = ImageDraw.Draw(sky)
    for y in range(SIZE[1]):
        share = min(1.0, y / 850)
        pen.line((0, y, SIZE[0], y), fill=tuple(round(a + (b - a) * share) for a, b in zip(top, low, strict=True)))
    return sky
