"""The commands of `twinpath`: where each is declared. A command is imported when it is used, so that help is quick."""

from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from twinpath.cli.output import STDERR

COMMANDS = {
    "log": ("twinpath.cli.log:app", "Follow new events, show the newest, read a range."),
    "inspect": ("twinpath.cli.inspect:app", "Look into what the log knows of one aggregate."),
    "parked": (
        "twinpath.cli.repairing.parked:app",
        "Streams that wait because an event of theirs could not be applied.",
    ),
    "claims": ("twinpath.cli.repairing.claims:app", "What one stream alone may have, such as an e-mail address."),
    "seal": (
        "twinpath.cli.repairing.sealing:seal",
        "Seal what earlier versions wrote in the clear; once, after an upgrade.",
    ),
    "dead-letters": (
        "twinpath.cli.repairing.dead_letters:app",
        "Messages that nobody could read, or that came back too often.",
    ),
    "audit": ("twinpath.cli.callers.audit:audit", "Show who did what, and what was refused."),
    "rebuild": ("twinpath.cli.rebuilding.command:rebuild", "Build views anew from the log, without downtime."),
    "views": ("twinpath.cli.rebuilding.views:views", "Show every view with its generation, and how far it is."),
    "verify": ("twinpath.cli.verifying.command:verify", "Check whole logs, and every view against a fold of the log."),
    "import": (
        "twinpath.cli.importing:import_file",
        "Take a file through the command service, as the application says.",
    ),
    "keys": ("twinpath.cli.callers.keys:app", "Machine keys for scripts and partners: make, list, revoke."),
    "token": (
        "twinpath.cli.callers.keys:token",
        "Print an access token of a sample person, from the development issuer.",
    ),
    "backup": ("twinpath.cli.repairing.backup:app", "Write an archive of the log, or of the keys of personal data."),
    "restore": ("twinpath.cli.repairing.backup:restore", "Replace the databases by those of archives."),
    "doctor": ("twinpath.cli.doctor:doctor", "Check the declarations, without any server."),
    "init": ("twinpath.cli.init:init", "Make fresh servers ready for the services."),
    "server-files": ("twinpath.cli.init:server_files", "Write the files that the servers start with."),
}
"""Name -> the Typer app or the function, as `module:attribute`, and its line in the help."""


class _Lazy(TyperGroup):
    logs = False
    """Whether this process is the command line's own, whose logs it sets up; in a test it is not."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands.update({name: TyperCommand(name, short_help=text) for name, (_, text) in COMMANDS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, _, rest = super().resolve_command(ctx, args)
        if _Lazy.logs:
            from twinpath.observability.logs import configure_logs

            configure_logs("cli", "warning", to=STDERR)
        return name, load(name) if name else None, rest


def load(name: str) -> Any:
    """One of the COMMANDS, imported: a command or a group of Typer's."""
    place, text = COMMANDS[name]
    module, _, attribute = place.partition(":")
    declared = getattr(import_module(module), attribute)
    if not isinstance(declared, typer.Typer):
        function, declared = declared, typer.Typer(add_completion=False)
        declared.command()(function)
    loaded = get_command(declared)
    loaded.help = loaded.help or text
    return loaded


# Typer 0.29 shows the type of each option, `<bool>` of a flag too, which takes no value.
_display_type = TyperOption.display_type_rich
TyperOption.display_type_rich = (  # type: ignore[method-assign]
    lambda self, ctx: None if self.is_bool_flag else _display_type(self, ctx)
)

app = typer.Typer(
    name="twinpath", cls=_Lazy, no_args_is_help=True, help="Look at a running Twinpath, and put it right."
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"twinpath {version('twinpath')}")
        raise typer.Exit


@app.callback()
def twinpath(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Look at a running Twinpath, and put it right."""


def main() -> None:
    """The program `twinpath`: logs go to standard error, from warnings on."""
    _Lazy.logs = True
    app()
