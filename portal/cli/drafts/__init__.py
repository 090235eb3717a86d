"""gantry analyses: what is possible, and the analyses that staff make."""

import click
from click.shell_completion import CompletionItem

from portal.cli.completing.offers import complete_analysis
from portal.cli.groups import LazyGroup

HERE = "portal.cli.drafts"
SHOW = "show"

COMMANDS = {
    SHOW: "portal.cli.analyses:show",
    "drafts": f"{HERE}.looking:drafts",
    "draft": f"{HERE}.writing:draft",
    "check": f"{HERE}.checking:check",
    "try": f"{HERE}.running:try_draft",
    "example": f"{HERE}.example:example",
    "publish": f"{HERE}.publishing:publish",
    "approve": f"{HERE}.publishing:approve",
    "waiting": f"{HERE}.second:waiting",
    "refuse": f"{HERE}.second:refuse",
    "publish-again": f"{HERE}.publishing:publish_again",
    "retire": f"{HERE}.publishing:retire",
    "history": f"{HERE}.looking:history",
    "diff": f"{HERE}.looking:diff",
    "export": f"{HERE}.looking:export",
    "images": f"{HERE}.images:images",
    "stage": f"{HERE}.images:stage",
    "share": f"{HERE}.writing:share",
    "undo": f"{HERE}.writing:undo",
    "delete": f"{HERE}.writing:delete",
}


class Analyses(LazyGroup):
    """Without a command, or with the name of an analysis, it shows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click."""
        first = args[0] if args else ""
        plain = bool(first) and not first.startswith("-")
        if plain and first not in self.lazy and any(not word.startswith("-") for word in args[1:2]):
            return super().parse_args(ctx, args)  # two words of which the first is no command: it says so
        if first not in {*self.lazy, "-h", "--help"}:
            args = [SHOW, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands, and names of analyses."""
        return [*super().shell_complete(ctx, incomplete), *complete_analysis(ctx, self.params[0], incomplete)]


@click.group(cls=Analyses, lazy=COMMANDS)
def analyses() -> None:
    """List analyses; show the form of one: gantry analyses NAME [--for DATASET].

    For staff: an analysis from its first text to the day nobody can start it any more: draft, check, try, publish,
    retire. DRAFT is a draft's number or the name in it.
    """
