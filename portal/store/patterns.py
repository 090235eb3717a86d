"""Which files of output/ a pattern means: as `cp -r output/PATTERN` would take them."""

from gantry_formats.patterns import PatternError
from gantry_formats.patterns.paths import PathPattern
from portal.rpc.exchange import RefusedError


def compiled(pattern: str) -> PathPattern:
    """A pattern for paths beneath output/. Raises RefusedError."""
    try:
        return PathPattern(pattern)
    except PatternError as error:
        raise RefusedError("request", f"The pattern {pattern[:100]!r} {error}.") from None
