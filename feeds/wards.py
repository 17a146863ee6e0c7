"""Names of Tokyo's special wards that wards of designated cities bear as well. Pure.

The wards of designated cities are not in the national list: their readers belong to the city. So 「中央区」 alone finds
only Tokyo's, and is as often another's. Cities as of 2026-07.
"""

from __future__ import annotations

from collections.abc import Mapping

SHARED_WARDS: Mapping[str, tuple[str, ...]] = {
    "中央区": (
        *("札幌市", "さいたま市", "千葉市", "相模原市", "新潟市", "浜松市"),
        *("大阪市", "神戸市", "福岡市", "熊本市"),
    ),
    "北区": (
        *("札幌市", "さいたま市", "新潟市", "名古屋市", "京都市"),
        *("大阪市", "堺市", "神戸市", "岡山市", "熊本市"),
    ),
    "港区": ("名古屋市", "大阪市"),
}
