"""`recsys experiment`: one line per command."""

import typer

from experiments.commands.analyze import analyze_table

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True)
app.command("analyze")(analyze_table)


@app.callback()
def _experiment() -> None:
    """Run experiments that stay honest in small companies.

    Example: recsys experiment analyze --help
    """
