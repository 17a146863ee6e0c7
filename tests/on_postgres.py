"""Run pytest with a real PostgreSQL as the database: `python -m tests.on_postgres PYTEST-ARGUMENTS`."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.postgres import PostgresMissingError, cluster


def main() -> int:
    try:
        with cluster() as address:
            environment = os.environ | {"TEST_DATABASE_URL": f"{address}postgres"}
            command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
            return subprocess.run(command, env=environment, check=False).returncode
    except PostgresMissingError as missing:
        print(f"SKIPPED the tests on PostgreSQL: {missing}", file=sys.stderr)  # noqa: T201
        return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
