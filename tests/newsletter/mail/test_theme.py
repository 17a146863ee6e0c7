"""Colours read well in both schemes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.mail.content import Palette
from newsletter.mail.theme import READABLE, Scheme, contrast, dark, light, lightened, mix

PALETTES = [
    Palette(),
    Palette(accent="#7a1f3d", tint="#f7eff2", ink="#241a1d", faint="#6b5a60", hairline="#e4d6db"),
    Palette(accent="#1b3f8b", tint="#eef2fa", ink="#1c2230", faint="#586074", hairline="#d4dbe9"),
    Palette(accent="#5c4a00", tint="#f8f4e6", ink="#26220f", faint="#665f48", hairline="#e3ddc8"),
]


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.accent)
@pytest.mark.parametrize("made", [light, dark], ids=["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_4_5(palette: Palette, made: Callable[[Palette], Scheme]) -> None:
    scheme = made(palette)
    for ground in (scheme.paper, scheme.tint):
        for colour in (scheme.ink, scheme.faint, scheme.accent):
            assert contrast(colour, ground) >= READABLE
    assert contrast(scheme.on_accent, scheme.accent) >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)
    assert contrast("#777777", "#777777") == 1


def test_mixing_and_lightening() -> None:
    assert mix("#ffffff", "#000000", 0.5) == "#808080"
    assert lightened("#000000", "#000000", 4.5) != "#000000"
    assert lightened("#ffffff", "#ffffff", 4.5) == "#ffffff"  # it cannot be reached
