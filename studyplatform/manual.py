"""docs/reference/commands.md: our commands of manage.py, told by their own help."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator

from django.core.management import get_commands, load_command_class
from django.core.management.base import DjangoHelpFormatter

OURS = ("studyplatform", "surveys", "analytics")


def reference_page() -> str:
    """Every command, its verbs and their arguments."""
    lines = [
        "# Commands",
        "",
        "Generated from the commands themselves. Each is run as `python manage.py <command>`;",
        "`--help` says the same in the terminal.",
    ]
    for name, app in sorted(get_commands().items()):
        if app in OURS:
            command = load_command_class(app, name)
            lines += ["", f"## {name}", "", command.help]
            parser = command.create_parser("manage.py", name)
            lines += _arguments(name, parser, known=DjangoHelpFormatter.show_last)
    return "\n".join(lines) + "\n"


def _arguments(
    name: str, parser: argparse.ArgumentParser, known: Collection[str] = ()
) -> Iterator[str]:
    """The line to type and what its words mean, without known options; with verbs, each's."""
    actions = [
        action for action in parser._actions if not {"--help", *known} & {*action.option_strings}
    ]
    for action in actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {verb.dest: verb.help or "" for verb in action._choices_actions}
            for verb, inner in action.choices.items():
                yield from ("", f"### {name} {verb}", "", _sentence(told[verb]))
                yield from _arguments(f"{name} {verb}", inner)
            return
    words = [name, *(_word(action) for action in actions)]
    yield from ("", f"    {' '.join(words)}")
    explained = [action for action in actions if action.help]
    yield from [""] if explained else []
    for action in explained:
        yield f"- `{_word(action).strip('[]')}`: {_sentence(action.help or '')}"


def _word(action: argparse.Action) -> str:
    """The argument as one types it; in brackets when it may be left out."""
    value = str(action.metavar or action.dest.upper())
    if not action.option_strings:
        many = "..." if action.nargs in {"*", "+"} else ""
        return f"[{value}{many}]" if action.nargs in {"?", "*"} else f"{value}{many}"
    word = (
        action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {value}"
    )
    return word if action.required else f"[{word}]"


def _sentence(text: str) -> str:
    end = "" if text.endswith((".", "?")) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"
