"""Anchors: the few products that stand for the whole catalogue, so that patterns are written for them alone.

`strata` says which products are alike and shares the budget over them; `selection` picks the products within a stratum
and says whom each anchor stands for; `kernels` gives both to Spark as Arrow functions; `stage` wires them to the tables.
"""
