"""Names and things that nursery items are told with. None of them decides an answer.

Low levels use NAMES: short, plain, each one token of a small vocabulary that is trained on nursery text, so that a
model learns to look up before it learns to spell. Higher levels use names made of syllables, new in every item.
"""

from random import Random


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES = words("""
    Abe Ada Aki Ali Amy Ann Ari Art Asa Ava Bea Bel Ben Bev Bob Bud Cal Cam Cid Clo Dag Dan Dax Deb Dee
    Del Dex Dia Don Dot Dov Eda Eli Emi Ena Eno Eva Eve Ewa Fay Fen Fia Fin Flo Fox Gae Gia Gil Gus Guy
    Hal Hob Hua Ian Ida Ike Ila Ina Ira Isa Ivo Ivy Jan Jax Jed Jem Jet Jim Job Joe Jon Joy Jun Kai Kat
    Kay Kem Ken Kia Kim Kip Kit Lea Lee Lem Len Leo Les Lex Lia Lin Liv Liz Lou Luc Luz Lyn Mac Mae Mai
    Mal Mat Max May Meg Mel Mia Mim Moe Nan Nat Ned Nia Nik Noa Nor Nya Oda Ola Oli Ona Ora Oto Pam Pat
    Pax Peg Pen Pia Pip Pol Pru Quy Rab Rae Raj Ram Ray Rex Ria Rio Rob Rod Ron Ros Roy Rua Rue Sal Sam
    San Sia Sid Sky Sol Sue Suz Syd Tad Tam Tao Ted Tia Tim Tom Tor Uli Uma Una Uri Ute Val Van Vic Vin
    Viv Wes Wil Wim Win Wyn Xan Xia Yan Yas Yul Yui Zac Zeb Zed Zev Zia Zoe Roz Syl Tob Tod Vik Wyl Zak
    """)
PEOPLE = NAMES[::6][:30]  # who has, finds and loses things
THINGS = words("apples books boxes cards coins cups eggs hats keys maps nuts pens")
MATERIALS = words(  # what a workshop takes and makes
    "wood stone rope sand iron clay wool glass coal salt wax oil "
    "tent ladder lamp boat cart drum kite oven lock raft net axe"
)
ONSETS = words("b d f g k l m n p r s t v z br dr gl kr pl st tr")
VOWELS = words("a e i o u ai ou")
RELATIONS = words("teacher neighbour cousin friend captain doctor guide partner rival tailor pilot baker")
UNSEEN_RELATIONS = ("landlord", "trainer", "witness", "sponsor")  # out of distribution
POOLED = 2  # levels up to this one use the pool of NAMES


def fresh_names(rng: Random, count: int, syllables: int = 2) -> list[str]:
    """Different made-up names, which no memory can know."""
    names: dict[str, None] = {}
    while len(names) < count:
        name = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables)).capitalize()
        names[name] = None
    return list(names)


def names_at(rng: Random, level: int, count: int, syllables: int | None = None) -> list[str]:
    """Names for a level: from the pool at low levels, made of syllables above or where `syllables` is said."""
    if syllables is None and level <= POOLED:
        return rng.sample(NAMES, count)
    return fresh_names(rng, count, syllables or 2)
