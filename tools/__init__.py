"""Development tools; none of them is part of the product."""
