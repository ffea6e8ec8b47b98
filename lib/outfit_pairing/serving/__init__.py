"""What product pages ask: the released outfits of a product, over HTTP or in Python, from Delta tables or from Postgres.

Nothing in this room starts Spark.
"""
