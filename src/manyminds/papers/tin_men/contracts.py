"""The textbook problem behind the shop: what it costs to have hidden effort made, in closed form and by programme."""

from pydantic import BaseModel

from manyminds.theory.contracts import bonus, cheapest, success_law

# (chance of success with effort, without, cost of effort, value of success to the principal)
PROBLEMS = ((0.9, 0.1, 1.0, 10.0), (0.8, 0.5, 1.0, 10.0), (0.6, 0.4, 2.0, 20.0), (0.95, 0.9, 0.5, 100.0),
            (0.7, 0.0, 3.0, 5.0), (1.0, 0.2, 0.25, 0.3), (0.55, 0.5, 0.1, 4.0))  # fmt: skip


class Compared(BaseModel, frozen=True):
    """One problem; every figure in closed form and from the linear programme."""

    high: float
    low: float
    cost: float
    value: float
    bonus: float
    bonus_found: float
    pay: float
    pay_found: float
    rent: float
    rent_found: float
    worthwhile: bool  # does the principal want effort: (p_H - p_L) V >= p_H c / (p_H - p_L)?
    worthwhile_found: bool  # is its profit larger with the programme's contract than without any?


def compared() -> list[Compared]:
    """Risk-neutral agent, limited liability: pay p_H c / (p_H - p_L), of which p_L c / (p_H - p_L) is rent."""
    found = []
    for high, low, cost, value in PROBLEMS:
        told = bonus(cost, high, low)
        contract = cheapest(success_law([low, high]), [0.0, cost], effort=1, cap=1000.0)
        if contract is None:
            raise ArithmeticError(f"no contract was found for {high, low, cost}")
        failure, success = contract.payments[0]
        found.append(Compared(
            high=high, low=low, cost=cost, value=value, bonus=told, bonus_found=float(success - failure),
            pay=high * told, pay_found=contract.cost, rent=low * told, rent_found=round(contract.rent, 12) + 0.0,
            worthwhile=(high - low) * value >= high * told,
            worthwhile_found=bool(high * value - contract.cost >= low * value),
        ))  # fmt: skip
    return found
