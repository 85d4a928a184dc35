"""Times that a server wrote, held against the clock of the test."""

from datetime import UTC, datetime, timedelta

# the clocks that two processes of one machine read may be milliseconds apart
_APART = timedelta(seconds=1)


class Period:
    """From when it was made until it is asked whether a moment is in it."""

    def __init__(self) -> None:
        self._start = datetime.now(UTC) - _APART

    def __contains__(self, moment: datetime) -> bool:
        return self._start <= moment <= datetime.now(UTC) + _APART
