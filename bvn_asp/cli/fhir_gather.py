"""The command `bvn fhir gather`."""

import click


@click.command()
def gather() -> None:
    """TODO."""
