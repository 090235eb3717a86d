"""gantry completion: what the shell needs for TAB."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print completions for a shell.

    For bash: gantry completion bash >> ~/.bashrc
    """
    from portal.cli.completing.bash import install
    from portal.cli.main import cli

    install()
    maker = get_completion_class(shell)
    assert maker is not None
    click.echo(maker(cli, {}, "gantry", "_GANTRY_COMPLETE").source())
