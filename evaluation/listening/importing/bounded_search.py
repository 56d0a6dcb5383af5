"""A regular expression that somebody typed, looked for in names for a bounded time.

Some expressions, such as (a+)+b, take longer than anybody waits, and while Python looks for one, no other thread of the server
runs. The search is therefore a process of its own, which is ended when its time is up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from evaluation.listening.errors import StudyError

SECONDS = 10.0  # for all names; a usual pattern takes milliseconds for thousands
_SEARCH = """import json, re, sys
pattern, names = json.load(sys.stdin)
json.dump([found and found.groupdict("") for found in map(re.compile(pattern).search, names)], sys.stdout)"""


def search(pattern: str, names: Sequence[str]) -> list[dict[str, str] | None]:
    """By name, the named groups of the first place where the pattern fits ('' for a group that took no part), or None.

    Args:
        pattern: one that `re.compile` takes.
    Raises:
        StudyError: it takes longer than SECONDS.
    """
    try:
        done = subprocess.run([sys.executable, "-I", "-c", _SEARCH], input=json.dumps([pattern, list(names)]), text=True,
                              capture_output=True, timeout=SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise StudyError(f"The pattern {pattern!r} takes too long on these names of clips; write one without a repetition inside "
                         "another repetition, and with fewer of them.") from error
    return json.loads(done.stdout)
