"""What `newsletter subscribers import` says: row by row, and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.cli.base import print_json
from newsletter.cli.terminal import in_one_line, say

if TYPE_CHECKING:
    from subscribers.models import ImportRun
    from subscribers.planned import Planned
    from subscribers.refused import RefusedRows
    from subscribers.table import Table

LONGEST_SHOWN = 100  # characters of a cell that holds no address


@dataclass
class Report:
    """What the import says, row by row and at the end."""

    table: Table
    problems: bool
    as_json: bool
    counts: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: RefusedRows | None = None  # when they were asked for
    number: int | None = None  # of the import, once it is written

    def written(self, run: ImportRun) -> None:
        """Remember under which number the import can be taken back."""
        self.number = run.pk

    def blank(self) -> None:
        """Count an empty row."""
        self.counts["blank"] += 1

    def begin(self) -> None:
        """Say how the file is read, before its rows."""
        if self.as_json:
            return
        from subscribers.columns import FIELDS, named

        table, columns = self.table, self.table.columns or {}
        forms = {"xlsx": "（Excel）", "csv": f"（CSV、{table.encoding}）"}
        read = "、".join(f"{FIELDS[name]}←{self._heading(index)}" for name, index in columns.items())
        lines = [f"ファイル: {table.path.name}{forms.get(table.kind, '')}", f"列: {read}"]
        if table.unused:
            lines.append(f"読まない列: {named(table.unused)}")
        lines += [f"ご注意: {remark}" for remark in table.remarks]
        say("\n".join(lines))

    def _heading(self, index: int) -> str:
        from subscribers.columns import shortened

        headings = self.table.headings
        heading = shortened(headings[index]) if index < len(headings) else ""
        return f"「{heading}」" if heading else f"{index + 1}列目"

    def add(self, block: Sequence[Planned]) -> None:
        """Say what becomes of each row of a block, all of it in one piece: a million pieces take their time."""
        lines: list[str] = []
        for planned in block:
            line, verdict = planned.candidate.line, planned.verdict
            self.counts.update(("rows", str(planned.action)) + (("warned",) if verdict == "warned" else ()))
            address = planned.candidate.address.address if planned.candidate.address else ""
            if self.refused is not None and planned.action == "refused":
                self._keep(planned, address)
            if self.problems and verdict not in ("warned", "refused"):
                continue
            if self.as_json:
                self.rows.append(
                    {"line": line, "verdict": str(verdict), "label": verdict.label, "action": str(planned.action)}
                    | {"address": address, "written": planned.candidate.written, "notes": list(planned.words)}
                )
            else:
                shown = address or in_one_line(planned.candidate.written, LONGEST_SHOWN)
                words = " ".join(" / ".join(planned.words).split()) if planned.words else ""
                lines.append("\t".join((f"{line}行目", verdict.label, shown, words)))
        if lines:
            say("\n".join(lines))

    def _keep(self, planned: Planned, address: str) -> None:
        from subscribers.exporter import reason_for

        assert self.refused is not None  # noqa: S101 - asked before
        candidate = planned.candidate
        reason = reason_for(candidate.cells, address or candidate.written.strip(), " ".join(planned.words))
        self.refused.add(candidate.line, candidate.cells, reason)

    def end(self, is_applied: bool, refused_file: Path | None) -> None:
        """Say what it came to."""
        counts = {
            name: self.counts[name] for name in ("rows", "added", "updated", "same", "refused", "warned", "blank")
        }
        if self.as_json:
            print_json(self._as_json(is_applied, refused_file, counts))
            return
        blank = f"、空行 {counts['blank']}件" if counts["blank"] else ""
        say(
            f"合計 {counts['rows']}件: 登録 {counts['added']}件、更新 {counts['updated']}件、同じ {counts['same']}件、"
            f"拒否 {counts['refused']}件（登録・更新のうち警告 {counts['warned']}件{blank}）"
        )
        if refused_file:
            say(f"拒否した行: {refused_file}（直して、もう一度取り込めます）")
        say(
            f"取り込みました。取り消すとき（30日以内）: newsletter subscribers undo-import {self.number}"
            if is_applied
            else "試しに読んだだけで、何も変えていません。取り込むには --apply を付けてください。"
        )

    def _as_json(self, is_applied: bool, refused_file: Path | None, counts: dict[str, int]) -> dict[str, Any]:
        table = self.table
        return {
            "file": str(table.path),
            "kind": table.kind,
            "encoding": table.encoding,
            "delimiter": table.delimiter if table.kind == "csv" else "",
            "sheet": table.sheet,
            "columns": {name: self._heading(index).strip("「」") for name, index in (table.columns or {}).items()},
            "unused": table.unused,
            "remarks": list(table.remarks),
            "applied": is_applied,
            "import": self.number,
            "counts": counts,
            "rows": self.rows,
            "refused_file": str(refused_file) if refused_file else "",
        }
