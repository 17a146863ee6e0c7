"""What staff write into an issue, made printable: one line, or paragraphs. Pure but for the error's class."""

from __future__ import annotations

from newsletter import headlines
from newsletter.errors import IssueError

LONGEST_TEXT = 8000


def one_line(text: str, label: str, longest: int) -> str:
    """One line of text without control characters; IssueError if it has some, or is longer (in characters)."""
    line = " ".join(text.split())
    if len(line) > longest:
        raise IssueError(f"{label}は{longest}文字以内で書いてください（いまは{len(line)}文字です）。")
    if not line.isprintable():
        raise IssueError(f"{label}に使えない文字（制御文字や外字）が含まれています。取り除いてください。")
    return line


def paragraphs(text: str, label: str) -> str:
    """Paragraphs apart by one blank line, without control characters; IssueError as for one line."""
    joined = "\n\n".join(headlines.paragraphs(text))
    if len(joined) > LONGEST_TEXT:
        raise IssueError(f"{label}は{LONGEST_TEXT}文字以内で書いてください（いまは{len(joined)}文字です）。")
    if any(ord(character) < 32 and character not in "\n\t" for character in joined):
        raise IssueError(f"{label}に使えない文字（制御文字や外字）が含まれています。取り除いてください。")
    return joined
