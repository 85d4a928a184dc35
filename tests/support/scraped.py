"""What `/metrics` says, read as Prometheus reads it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from support.answer import Answer

Series = tuple[str, frozenset[tuple[str, str]]]


class Scraped:
    """The samples of one scrape, by name and labels."""

    def __init__(self, answer: Answer) -> None:
        assert answer.status == 200, answer
        self.families = list(text_string_to_metric_families(answer.body.decode()))
        samples = [sample for family in self.families for sample in family.samples]
        self.samples: dict[Series, float] = {
            (sample.name, frozenset(sample.labels.items())): sample.value for sample in samples
        }
        assert len(self.samples) == len(samples), "a series is there twice"

    def value(self, name: str, **labels: str) -> float:
        """Of one series; 0 of a histogram's that has not begun."""
        return self.samples.get((name, frozenset(labels.items())), 0)

    def requests(self, door: str, operation: str, status: str) -> float:
        """How many there were."""
        return self.value("wharfinger_request_seconds_count", door=door, operation=operation, status=status)
