"""The command group: finds the verbs and turns errors into one line and an exit status.

A verb is the command of that name in the module of that name, which is imported when it is asked for: others cost
nothing.
"""

import sys
import traceback
from importlib import import_module
from typing import Any

import click

from asyncndis.base import NdisError, RuleViolation

__all__ = ["app"]

_VERBS = (
    "bridge",
    "capture",
    "ddi",
    "demo",
    "doctor",
    "dump",
    "host",
    "replay",
    "rules",
    "soak",
    "top",
    "torture",
)


class App(click.Group):
    """A group whose verbs fail with one sentence, not with a traceback, where the input is at fault."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all verbs."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A verb by its name; None where there is none."""
        if cmd_name not in _VERBS:
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __package__), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; see the package's head for the exit statuses."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BaseExceptionGroup as group:
            if group.subgroup(KeyboardInterrupt) is not None:  # trio raises it in the task that runs
                raise click.Abort from None
            return self._own_up(ctx)
        except RuleViolation as violation:
            self._say(ctx, str(violation))
            ctx.exit(1)
        except (NdisError, OSError) as error:
            self._say(ctx, str(error))
            ctx.exit(2)
        except Exception:  # noqa: BLE001  # the last line of defence: report it as a fault of ours
            self._own_up(ctx)

    def _own_up(self, ctx: click.Context) -> None:
        traceback.print_exc()
        self._say(ctx, "this is a fault of asyncndis itself, please report it with the lines above")
        ctx.exit(3)

    @staticmethod
    def _say(ctx: click.Context, sentence: str) -> None:
        verb = f" {ctx.invoked_subcommand}" if ctx.invoked_subcommand else ""
        sys.stderr.write(f"asyncndis{verb}: {sentence}\n")


@click.group(cls=App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="asyncndis", prog_name="asyncndis")
def app() -> None:
    """Write network drivers as async Python tasks against the NDIS 5 model, and run them on real frames."""
