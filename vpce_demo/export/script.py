"""The commands of the tutorial's pages as two shell scripts."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

FILES = ("create.sh", "delete.sh", "ids.sh", "web-server.yaml", "*.pem", "*.pem.pub")
"""Patterns of the names of the files, and of those that the scripts make."""
_HEAD = '#!/usr/bin/env bash\n# {about}\nset -euo pipefail\ncd "$(dirname "$0")"\n'
_KEEP_THE_IDS = """\
if [ -s ids.sh ]; then
    echo 'ids.sh names what an earlier run made. Delete that first, then ids.sh.' >&2
    exit 1
fi
at_the_end() {{
    local code=$?
    declare -p {variables} 2>/dev/null | grep -v '=""$' >ids.sh || true
    if [ $code != 0 ] && [ -s ids.sh ]; then
        echo {halfway} >&2
    fi
}}
trap at_the_end EXIT
"""
_CLEAR = '\nrm -f ids.sh web-server.yaml "$KEY_FILE" "$KEY_FILE.pub"\n'
_ASSIGNED = re.compile(r"^ *([A-Z][A-Z_\d]*)=", re.MULTILINE)


def scripts(
    name: str, create: str, delete: str, whose: Mapping[str, str | None], command: str = "vpce-demo"
) -> dict[str, str]:
    """The text of each file by its name, from the commands of steps 1 to 16 and of step 17.

    ``whose`` are the AWS CLI's variables that say where the demo is, as far as the options do.  What the first script
    knows by its end, or where it stopped, it leaves in ``ids.sh``.  The second deletes a whole demo and that file; of a
    half it knows too little, and ``command``, the beginning of a command line for the demo, has to be used instead.
    """
    where = "".join(f"export {variable}={shlex.quote(value)}\n" for variable, value in whose.items() if value)
    variables = " ".join(dict.fromkeys(_ASSIGNED.findall(create)))
    about = f"The demo {name}, built by hand.  It makes what costs money: delete.sh deletes it."
    delete_it = f"{command} adopt --by-hand && {command} down && rm -f ids.sh *.pem*"
    halfway = f"It stopped before its end, and what it made costs money. Delete that:  {delete_it}"
    leave = _KEEP_THE_IDS.format(variables=variables, halfway=shlex.quote(halfway))
    return {
        "create.sh": f"{_HEAD.format(about=about)}{leave}{where}\n{create}",
        "delete.sh": f"{_HEAD.format(about='Deletes what create.sh has made.')}. ./ids.sh\n{where}\n{delete}{_CLEAR}",
    }
