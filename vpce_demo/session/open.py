"""Opens a demo: its lock, its state file and its settings, and the clients of its sides."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pydantic import ValidationError

from ..aws.environment import Environment
from ..config.load import MOST_MISTAKES
from ..config.model import Config
from ..config.settings import Settings, Where
from ..engine.resource import Aws
from ..errors import DemoError
from ..journal.run_log import RunLog
from ..journal.state_file import StateFile, locked
from ..model import Live, Side
from ..ssh import ensure_key
from ..tutorial import tutorial
from ..untrusted import printable
from .discover import find_out, not_looked_up, ssh_source
from .guards import refuse_changed_settings, refuse_other_accounts
from .run import Run


@contextlib.contextmanager
def open_demo(
    where: Where,
    environment: Environment,
    command: str,
    *,
    makes: bool = False,
    logged: bool = False,
    only_looks: bool = False,
) -> Iterator[Run]:
    """A run on this demo, with its lock held.

    ``only_looks``: takes no lock, so that it can be used while another command is running.  ``makes``: the command
    creates resources, so the settings are completed and recorded first.  The run is logged if it ``makes`` or is
    ``logged``.  Raises Refused if the state belongs to another account or the settings differ.  A new demo of which
    nothing was begun leaves no state file.
    """
    # Without a state file, a look writes one.
    needs_lock = not (only_looks and StateFile(where.directory).path.exists())
    with locked(where.directory, command) if needs_lock else contextlib.nullcontext():
        new: StateFile | None = None
        try:
            state = StateFile.load(where.directory)
            refuse_other_accounts(state, environment)
            state.sides = {str(side): dict(facts) for side, facts in environment.accounts.items()}
            state.place = environment.id
            if makes:
                if not state.settings and not state.key_file.exists():
                    new = state
                public_key = ensure_key(state.key_file, f"vpce-demo {where.config.name}")
                settings = _settings_to_make(where.config, state, environment, public_key)
                state.settings = settings.model_dump()
                state.save()
            else:
                settings = _settings_on_record(where, state)
            demo = tutorial(settings)
            with (
                RunLog.begin(where.logs, command, settings, environment, demo)
                if makes or logged
                else RunLog(demo) as log
            ):
                yield Run(where, environment, state, settings, demo, _sides(settings, environment, state), log)
        finally:
            if new and not new.entries:
                new.forget()


def open_recorded(where: Where) -> tuple[StateFile, Settings]:
    """The state file and the settings of a demo, or those it would have.  Makes no AWS call and takes no lock."""
    state = StateFile.load(where.directory)
    return state, _settings_on_record(where, state)


def _settings_on_record(where: Where, state: StateFile) -> Settings:
    return _recorded_settings(state) if state.settings else not_looked_up(where.config)


def _recorded_settings(state: StateFile) -> Settings:
    try:
        return Settings.model_validate(state.settings)
    except ValidationError as error:
        places = dict.fromkeys(printable(".".join(map(str, one["loc"]))) for one in error.errors()[:MOST_MISTAKES])
        raise DemoError(
            f"The settings in the state file {state.path} cannot be used: {', '.join(places)}.",
            hint="AWS knows the demo by its tags, so put the file aside and go on:\n"
            f"    mv {state.path} {state.path}.aside",
        ) from None


def _sides(settings: Settings, environment: Environment, state: StateFile) -> dict[Side, Aws]:
    known: dict[str, Live] = {}
    made: dict[int, Aws] = {}
    for clients in environment.clients.values():
        if id(clients) not in made:
            made[id(clients)] = Aws(clients, settings.name, settings.demo_id, known, state.id)
    return {side: made[id(clients)] for side, clients in environment.clients.items()}


def _settings_to_make(config: Config, state: StateFile, environment: Environment, public_key: str) -> Settings:
    if not state.settings:
        return find_out(config, environment, public_key)
    recorded = _recorded_settings(state)
    refuse_changed_settings(config, recorded)
    # The operator's address may change, and `up` updates the rule.  If it is not found, the recorded one stays.
    source = recorded.ssh_source
    with contextlib.suppress(DemoError):
        source = ssh_source(config, environment)
    return recorded.model_copy(update={"ssh_source": source, "public_key": public_key})


def forget_if_the_sandbox_is_another(where: Where, sandbox_id: str) -> bool:
    """Delete the state of a demo whose sandbox has stopped, since the demo is gone.  Returns True if there was one."""
    if StateFile.load(where.directory).place in ("", sandbox_id):
        return False  # nothing to delete, so no lock is needed
    with locked(where.directory, "sandbox"):
        state = StateFile.load(where.directory)
        gone = bool(state.place) and state.place != sandbox_id
        if gone:
            state.forget()
    return gone
