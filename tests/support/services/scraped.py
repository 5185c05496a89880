"""Metrics as a scraper reads them."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


class Scraped:
    """What `/metrics` answered."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of the samples that have these labels, whatever others they have; None without any."""
        found = [
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        ]
        return sum(found) if found else None

    def labels(self) -> set[str]:
        """Every label value there is."""
        return {value for sample in self.samples for value in sample.labels.values()}


async def scraped(client: httpx.AsyncClient) -> Scraped:
    """What this service tells now."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return Scraped(answer.text)
