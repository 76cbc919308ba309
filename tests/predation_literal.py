"""Wolves, sheep and grass one animal after another, in plain Python: what the array world must have the law of."""

from math import cos, radians, sin
from random import Random


class Animal:
    def __init__(self, x, y, heading, energy):
        self.x, self.y, self.heading, self.energy, self.alive = x, y, heading, energy, True

    def ahead(self, size):
        self.x = (self.x + cos(radians(self.heading))) % size
        self.y = (self.y + sin(radians(self.heading))) % size

    def patch(self, size):
        return int(self.x) % size, int(self.y) % size


def literal(size, sheep, wolves, ticks, rng: Random):
    """(green, sheep, wolves) after `ticks` ticks."""
    wait = {(i, j): -1 if rng.random() < 0.5 else rng.randrange(30) for i in range(size) for j in range(size)}
    herd = [Animal(rng.random() * size, rng.random() * size, rng.random() * 360, rng.randrange(8))
            for _ in range(sheep)]  # fmt: skip
    pack = [Animal(rng.random() * size, rng.random() * size, rng.random() * 360, rng.randrange(40))
            for _ in range(wolves)]  # fmt: skip

    def acts(animals, feed, rate):
        born = []
        for animal in rng.sample(animals, len(animals)):
            animal.heading += rng.randrange(50) - rng.randrange(50)
            animal.ahead(size)
            animal.energy -= 1
            feed(animal)
            if animal.energy < 0:
                animal.alive = False
            elif rng.random() < rate:
                animal.energy /= 2
                child = Animal(animal.x, animal.y, animal.heading + 360 * rng.random(), animal.energy)
                child.ahead(size)
                born.append(child)
        return [a for a in animals if a.alive] + born

    def grazes(animal):
        at = animal.patch(size)
        if wait[at] == -1:
            wait[at], animal.energy = 30, animal.energy + 4

    for _ in range(ticks):
        herd = acts(herd, grazes, 0.04)
        here = {}
        for one in herd:
            here.setdefault(one.patch(size), []).append(one)

        def hunts(animal, here=here):
            prey = here.get(animal.patch(size))
            if prey:
                prey.pop(rng.randrange(len(prey))).alive = False
                animal.energy += 20

        pack = acts(pack, hunts, 0.05)
        herd = [one for one in herd if one.alive]
        wait = {at: max(left - 1, -1) for at, left in wait.items()}
    return sum(left == -1 for left in wait.values()), len(herd), len(pack)
