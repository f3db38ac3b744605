"""`recsys experiment`: one line per command."""

import typer

from experiments.commands.analyze import analyze_table
from experiments.commands.assign import assign
from experiments.commands.power import power
from experiments.commands.report import report
from experiments.commands.stored import create, decide, start, status, step, stop

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
app.command("analyze")(analyze_table)
app.command("assign")(assign)
app.command("power")(power)
app.command("create")(create)
app.command("start")(start)
app.command("step")(step)
app.command("status")(status)
app.command("stop")(stop)
app.command("decide")(decide)
app.command("report")(report)


@app.callback()
def _experiment() -> None:
    """Run experiments that stay honest in small companies.

    Example: recsys experiment analyze --help
    """
