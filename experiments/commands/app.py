"""`recsys experiment`: one line per command."""

import typer

from experiments.commands.analyze import analyze_table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Experiments that stay honest in small companies.")
app.command("analyze")(analyze_table)
