"""Anchors: the few products that stand for the whole catalogue, so that patterns are written for them alone.

`strata` says which products are alike and shares the budget over them; `selection` picks the products within a stratum
and says whom each anchor stands for; `kernels` makes both Arrow functions, which `by_spark` gives to Spark and `by_driver`,
where products are few, calls itself; `stage` wires them to the tables.
"""
