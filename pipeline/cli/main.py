"""The command `fullcast`. Errors are caught here, once; commands are imported when they are called."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

# Pydantic would look through all installed packages for plugins, at the start of every command.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import click

from pipeline import __version__
from pipeline.errors import FullcastError, did_you_mean

EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130

# Command -> module of this folder and the line that `--help` shows: importing ten modules to print ten
# lines would cost more than a second.
COMMANDS = {
    "render": ("render", "Render a script into chapters, an .m4b, captions and a report."),
    "shelf": ("shelf", "Add books to a run of many, and see how far it is."),
    "top": ("top", "Watch a run: workers, models held, speed and faults."),
    "submit": ("submit", "Send a render to a Ray cluster as a job."),
    "status": ("status", "Say how a job stands."),
    "logs": ("logs", "Print what a job said, and follow it."),
    "cancel": ("cancel", "Stop a job; its takes are kept."),
    "plan": ("plan", "Show what would be rendered, and why; nothing is rendered."),
    "check": ("check", "Check scripts and report every problem in them."),
    "retake": ("retake", "Ask for another take of a line, with a new seed or direction."),
    "takes": ("takes", "List, check, lock, unlock, drop and clean up takes."),
    "audition": ("audition", "Speak one sentence in several voices, to choose by ear."),
    "compare": ("compare", "Render the same lines with two voices or models, to judge them blind."),
    "voices": ("voices", "List voices."),
    "models": ("models", "List models; fetch their weights."),
    "master": ("master", "Measure finished audio files against a preset's rules."),
    "schema": ("schema", "Print the JSON Schema of the YAML script."),
    "game": ("game", "Check and render a game's dialogue: check, plan, render, diff, verify."),
}


# Over in the time that it takes to import what they need; see `main`.
QUICK = ("check", "schema")
# It says itself which of its verbs are quick.
GROUPS = ("game",)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{COMMANDS[cmd_name][0]}")
        if cmd_name not in (*QUICK, *GROUPS):
            gc.enable()
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names, or the error with the nearest one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command '{args[0]}'; {did_you_mean(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fullcast")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, to the error stream.")
@click.option(
    "--log-json",
    metavar="FILE",
    envvar="FULLCAST_LOG",
    help="Append log records to FILE as JSON lines, with run, worker, book, line and take.",
)
@click.pass_context
def cli(ctx: click.Context, verbose: bool, log_json: str | None) -> None:
    """Render audiobooks from scripts that say who speaks, in which voice, with which emotion."""
    if ctx.invoked_subcommand in QUICK and not verbose:
        return  # they log nothing
    import logging
    from pathlib import Path

    from pipeline.logs import PlainFormatter, log_to

    level = logging.INFO if verbose else logging.WARNING
    to_people = logging.StreamHandler(sys.stderr)
    to_people.setLevel(level)
    to_people.setFormatter(PlainFormatter())
    logging.basicConfig(level=level, handlers=[to_people])
    if log_json is not None:
        log_to(Path(log_json))


def main(args: list[str] | None = None) -> None:
    """Runs the command line and ends the process with the documented exit code."""
    # All that importing and checking make lives to the end: looking through it for garbage, now and when the
    # process ends, would be a tenth of what a short command takes. Long ones have it on, see `get_command`.
    gc.disable()
    code = run(args)
    gc.freeze()
    sys.exit(code)


def run(args: list[str] | None = None) -> int:
    """Runs the command line; returns the exit code."""
    try:
        result: Any = cli.main(args=args, prog_name="fullcast", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except FullcastError as error:
        click.echo(f"fullcast: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("fullcast: interrupted; finished takes are kept, run the same command to go on", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        click.echo(f"fullcast: {_in_one_line(error)}", err=True)
        return EXIT_USAGE
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("fullcast: this is a bug of ours; finished takes are kept", err=True)
        return EXIT_BUG


def _in_one_line(error: click.ClickException) -> str:
    """Click's message, its first letter small as in ours; of a usage error, where to read more."""
    message = " ".join(error.format_message().split()).rstrip(".")
    if message[1:2].islower():
        message = message[:1].lower() + message[1:]
    context = getattr(error, "ctx", None)
    message = message.replace(". Did you mean", "; did you mean")
    return message if context is None else f"{message} (see {context.command_path} --help)"


if __name__ == "__main__":
    main()
