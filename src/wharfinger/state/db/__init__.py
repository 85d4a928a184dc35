"""All SQL of the product: one module per aggregate, and the databases that run it."""
