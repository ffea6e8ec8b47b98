"""Who may share an outfit with whom (hard rule 2)."""

ADULTS = ("women", "men", "unisex")
CHILDREN = ("girls", "boys", "kids")
ANYONE_OF = {"unisex": ADULTS, "kids": CHILDREN}


def may_mix(left: str | None, right: str | None) -> bool:
    """Adults with adults, children with children; women's and men's never, nor girls' and boys'.

    `unisex` goes with any adult, `kids` with any child. An audience that is not said counts as unisex.
    """
    first, second = left or "unisex", right or "unisex"
    return first == second or second in ANYONE_OF.get(first, ()) or first in ANYONE_OF.get(second, ())
