"""What an error of the database or of the operating system means for people: a sentence that says what to do."""

from __future__ import annotations

import errno


def words(error: Exception) -> str:
    """The sentence for either kind."""
    return os_error_words(error) if isinstance(error, OSError) else database_words(error)


def database_words(error: Exception) -> str:
    """What a database error means for the person at the keyboard."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "connection" in text.lower() or "unable to open" in text or "resolve host" in text:
        # First: "connection failed: … database "x" does not exist" is not about a missing table.
        return f"データベースに接続できません。DATABASE_URL を確認してください。（{text}）"
    if "locked" in text or "lock timeout" in text:
        return "データベースをほかの処理が使っています。終わってからもう一度実行してください。"
    if "no such table" in text or "does not exist" in text or "no such column" in text:
        return "データベースの準備ができていません。newsletter migrate を実行してください。"
    if "disk is full" in text or "No space left" in text:
        return "ディスクの空き容量がありません。空きを作ってからもう一度実行してください。"
    if "disk I/O error" in text:
        return "データベースのファイルを読み書きできません。空き容量とディスクの状態を確かめてください。"
    if "readonly database" in text:
        return "データベースのファイルに書き込む権限がありません。フォルダとファイルの所有者と権限を確かめてください。"
    if "not a database" in text or "malformed" in text:
        return f"データベースのファイルが壊れているか、データベースではありません。（{text}）"
    return f"データベースの処理に失敗しました。（{text}）"


def os_error_words(error: OSError) -> str:
    """What a file or network error of the operating system means, naming the file."""
    where = f"{error.filename}: " if error.filename else ""
    words = {
        errno.ENOENT: "ファイルが見つかりません。",
        errno.EACCES: "読み書きする権限がありません。",
        errno.EPERM: "読み書きする権限がありません。",
        errno.EROFS: "書き込みのできないディスクです。",
        errno.EISDIR: "ファイルではなくフォルダです。",
        errno.ENOTDIR: "フォルダであるべきところにファイルがあります。",
        errno.EEXIST: "同じ名前のファイルがすでにあります。",
        errno.ENAMETOOLONG: "名前が長すぎます。",
        errno.ENOSPC: "ディスクの空き容量がありません。",
        errno.EDQUOT: "この利用者が使える容量を超えています。",
        errno.EFBIG: "書き込める大きさを超えています。",
        errno.EIO: "ディスクを読み書きできません。",
        errno.EADDRNOTAVAIL: "そのアドレスはこの機械にありません。",
        errno.EADDRINUSE: "そのポートはほかのプログラムが使っています。",
        errno.ECONNREFUSED: "相手のサーバが応答しません。",
    }
    return where + words.get(error.errno or 0, error.strerror or str(error) or type(error).__name__)
