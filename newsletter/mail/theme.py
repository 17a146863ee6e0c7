"""Colours of the mail: contrast by WCAG 2.2, and a dark palette that follows from the association's light one."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from newsletter.mail.content import Palette

Rgb = tuple[float, float, float]
WHITE, BLACK = "#ffffff", "#000000"
READABLE = 4.5  # WCAG 2.2, 1.4.3 (AA), for text below 24 px
_COMFORTABLE = 7.0  # on a dark ground thin strokes fade, so ask for more there


@dataclass(frozen=True, slots=True)
class Scheme:
    """One set of colours as the templates use them."""

    paper: str
    ink: str
    faint: str
    accent: str
    on_accent: str
    tint: str
    hairline: str


def light(palette: Palette) -> Scheme:
    """White paper with the association's colours."""
    on_accent = WHITE if contrast(WHITE, palette.accent) >= READABLE else palette.ink
    return Scheme(WHITE, palette.ink, palette.faint, palette.accent, on_accent, palette.tint, palette.hairline)


def dark(palette: Palette) -> Scheme:
    """Nearly black paper with a breath of the accent, which is lightened until it reads well on the tint."""
    paper, tint = mix(palette.accent, "#121517", 0.04), mix(palette.accent, "#1b2023", 0.10)
    accent = lightened(palette.accent, tint, _COMFORTABLE)
    return Scheme(
        paper=paper,
        ink="#e8ecec",
        faint=lightened(palette.faint, tint, READABLE + 1),
        accent=accent,
        on_accent=paper,
        tint=tint,
        hairline=mix(palette.accent, "#3a4144", 0.15),
    )


def contrast(first: str, second: str) -> float:
    """The WCAG contrast ratio of two colours written #rrggbb: 1 (the same) to 21 (black on white)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lightened(colour: str, ground: str, ratio: float) -> str:
    """`colour` in its own hue, only as much lighter as gives the contrast `ratio` on `ground`."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    calm = min(saturation, 0.45)  # a deep colour made light would glow
    for step in range(101):
        shade = _written(colorsys.hls_to_rgb(hue, lightness + (1 - lightness) * step / 100, calm))
        if contrast(shade, ground) >= ratio:
            return shade
    return WHITE


def mix(colour: str, ground: str, share: float) -> str:
    """`share` (0 to 1) of `colour` on `ground`, as #rrggbb."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    red, green, blue = (share * top + (1 - share) * base for top, base in pairs)
    return _written((red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _written(colour: Rgb) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in colour)


def _channels(colour: str) -> Rgb:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue
