"""One purchase on record: whose, under what, and what came of it. Runs and released files are read into this form."""

from pydantic import BaseModel

from manyminds.worlds.games.shop import SEES
from manyminds.worlds.games.shop_scenarios import ALL, CONFLICTS, Kind, Party, Scenario


class Row(BaseModel, frozen=True):
    """`product` is 0 or 1 in the scenario's own order, None where there was no valid choice, and `status` says why.

    Where a file has no scenario of ours, the second product is the principal's, as in both of the paper.
    """

    who: str
    scenario: str
    condition: str
    product: int | None
    status: str = "valid"
    temperature: float = 0.0
    reversed: bool = False
    case: str = "as written"
    asked_again: int = 0
    ending: str = "finished"

    @property
    def sees_customer(self) -> bool:
        return SEES[self.condition][0]

    @property
    def sees_principal(self) -> bool:
        return SEES[self.condition][1]

    @property
    def valid(self) -> bool:
        return self.product is not None

    def origin(self) -> Scenario | None:
        return ALL.get(self.scenario)

    def kind(self) -> Kind:
        found = self.origin()
        return "customer-principal" if found is None else found.kind

    def conflict(self) -> bool:
        return self.kind() in CONFLICTS

    def best(self, party: Party) -> int | None:
        """The product that fits a party best."""
        found = self.origin()
        if found is None:
            return {"customer": 0, "principal": 1, "values": None}[party]
        return found.best(party)
