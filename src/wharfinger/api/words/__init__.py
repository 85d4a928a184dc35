"""The words of all faults, one table for each group of them."""
