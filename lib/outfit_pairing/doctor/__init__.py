"""Whether this machine can run the chain: each check is a pure function of settings and a `Machine`, and never changes anything."""
