"""``sandbox hint`` and ``sandbox score``: the way through an exercise that ``sandbox break`` began.

The hints are levels of the rule whose cause was made to happen: its subject, what confirms it, and the diagnosis.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal

from ..errors import THIS_DEMO, Diagnosis, NotCreated
from ..exercises.attempts import ANSWER, Attempt, Attempts
from ..exercises.ways import EXERCISES, chapter_of_rule
from ..journal.state_file import StateFile
from ..lessons import Language, language, words
from ..lessons.catalogue import spaced, translated
from ..sandbox import client
from ..session.open import open_demo
from ..session.run import Run
from ..ui import screens
from ..verify.diagnosis.table import Rule, ask
from .app import App, diagnosis_for_this_demo, for_this_demo
from .group import command, lang_option, pass_app

if TYPE_CHECKING:
    from .documents import HintDocument, ScoredExercise, ScoreDocument

NO_EXERCISE = "No exercise is open."


def open_exercise(app: App, demo_id: str = "") -> tuple[Attempts, Attempt] | None:
    """The exercise by which the demo of this command line is broken, and the record that it is in.

    ``demo_id`` is that of a demo that is not on record any more.
    """
    if not app.get("sandbox"):
        return None
    directory = app.where().directory
    attempts = Attempts.load(directory)
    attempt = attempts.open(demo_id or StateFile.load(directory).demo_id) if attempts.all else None
    return (attempts, attempt) if attempt else None


def instead_of_the_cause(app: App) -> str:
    """What is said in the place of a diagnosis while an exercise is open; empty if the cause may be told."""
    found = open_exercise(app)
    if found is None or found[1].hints >= ANSWER:
        return ""
    return for_this_demo(app, f"An exercise is open, so the cause is not told. A hint:  {THIS_DEMO} sandbox hint")


def passed(app: App, command: str, demo_id: str, run: Run | None = None, chapters: Collection[str] = ()) -> None:
    """End the open exercise after a ``test`` that passed or a ``down`` that left nothing, of these chapters if not of
    all.

    It is solved by the command that shows it, or by ``test``; with the demo, or its chapter, any other is gone.  What
    ``status`` alone shows is broken though ``test`` passes, so AWS is asked once more, by the test's ``run``.
    """
    found = open_exercise(app, demo_id)
    if found is None:
        return
    rule = _rule(found[1])
    if chapters and chapter_of_rule(rule) not in chapters:
        return
    if rule.seen_by == "status" and run and (answer := ask(run.facts(), rule)) and answer.finding:
        return
    if (rule.seen_by == "down") == (command == "down"):
        end(app, *found, "solved")
        text = for_this_demo(app, f"The exercise is solved. The score:  {THIS_DEMO} sandbox score")
        app.screen().message(text, mark="✓")
    elif command == "down":
        end(app, *found, "undone")


def end(app: App, attempts: Attempts, attempt: Attempt, how: Literal["solved", "undone"]) -> None:
    """End an exercise; a clock that it slowed down gets its speed back."""
    attempt.ended = how
    attempts.save()
    running = client.running(app.sandbox_directory)
    if attempt.speed and running:
        running.control("settings", {"speed": attempt.speed})


@command("hint")
@lang_option
@pass_app
def sandbox_hint(app: App, lang: Language | None) -> None:
    """Give a hint to the open exercise: where to look, then what shows it, then the answer.

    \b
    Example:
      vpce-demo sandbox hint
      vpce-demo sandbox hint --lang ja
    """
    app.given["sandbox"] = True
    found = open_exercise(app)
    if found is None:
        raise NotCreated(NO_EXERCISE, code="VPCE121", hint="Begin one:  <demo> sandbox break --random")
    attempts, attempt = found
    lang, rule, screen = lang or language(), _rule(attempt), app.screen()
    said, number = words(lang), min(ANSWER, attempt.hints + 1)
    texts = [
        said["exercise subject"].format(subject=translated(rule.about.value, lang)),
        said["exercise setting"].format(setting=translated(rule.confirmed_by, lang)),
        said["exercise answer"],
    ]
    answer = _answer(app, rule) if number == ANSWER else None
    attempt.hints = number
    attempts.save()
    hints = [said["exercise hint"].format(number=n, last=ANSWER, text=spaced(text)) for n, text in enumerate(texts, 1)][
        :number
    ]
    for line in hints:
        screen.line(line)
    if answer:
        screens.diagnosis(screen, answer)
        app.document["diagnosis"] = answer.as_dict()
    else:
        screen.message(said["exercise next"].format(command=for_this_demo(app, f"{THIS_DEMO} sandbox hint")))
    document: HintDocument = {"number": number, "lang": lang, "hints": hints}
    app.document.update(document)


def _rule(attempt: Attempt) -> Rule:
    return next(rule for rule in EXERCISES.values() if rule.key == attempt.rule)


def _answer(app: App, rule: Rule) -> Diagnosis:
    """The rule's finding in this demo; its own words where AWS's answers confirm it no more."""
    where, screen = app.where(), app.screen()
    environment = app.environment(where, screen, start=False)
    likely, evidence, fixes = f"{rule.likely}.", [f"What mends it: {rule.mend}."], []
    if environment is not None:
        with open_demo(where, environment, app.command) as run:
            run.look()
            answer = ask(run.facts(rule.seen.value, chapter=chapter_of_rule(rule)), rule)
        if answer and answer.finding:
            likely, evidence, fixes = answer.finding.likely, [*answer.finding.evidence], [*answer.finding.fixes]
    return diagnosis_for_this_demo(app, Diagnosis(rule.key, likely, evidence, fixes, []))


@command("score")
@lang_option
@pass_app
def sandbox_score(app: App, lang: Language | None) -> None:
    """Show this session's exercises: which were solved, and with how many hints.

    A session is the life of a sandbox: the first exercise in another one begins anew.

    \b
    Example:
      vpce-demo sandbox score
    """
    app.given["sandbox"] = True
    lang = lang or language()
    directory, screen, said = app.where().directory, app.screen(), words(lang)
    attempts, demo_id = Attempts.load(directory), StateFile.load(directory).demo_id
    numbers = {rule.key: number for number, rule in EXERCISES.items()}
    exercises: list[ScoredExercise] = []
    for attempt in attempts.all:
        is_open = attempt is attempts.open(demo_id)
        ended = attempt.ended or ("open" if is_open else "given up")
        secret = attempt.surprise and is_open and attempt.hints < ANSWER
        number = None if secret else numbers[attempt.rule]
        exercises.append({"number": number, "ended": ended, "hints": attempt.hints})
        seen = translated(EXERCISES[number].seen.value, lang) if number else said["exercise secret"]
        told = f"{said[f'exercise {ended}']}, {_with_hints(attempt.hints, said)}"
        screen.entry(f"{number or '?':>3}  ", f"{seen}: {told}", mark="✓" if ended == "solved" else "-")
    done = [one for one in exercises if one["ended"] == "solved"]
    alone = sum(not one["hints"] for one in done)
    if exercises:
        screen.line(said["exercise score"].format(solved=len(done), count=len(exercises), alone=alone))
    else:
        begin = for_this_demo(app, f"{THIS_DEMO} sandbox break --random")
        screen.line(said["exercise none"].format(command=begin))
    document: ScoreDocument = {"exercises": exercises, "solved": len(done), "without_a_hint": alone}
    app.document.update(document)


def _with_hints(count: int, said: Mapping[str, str]) -> str:
    which = {0: "exercise without", ANSWER: "exercise with"}.get(count, "exercise hints")
    return said[which].format(count=count)
