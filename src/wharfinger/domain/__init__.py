"""Floor 1: the rules of a registry. Values in, a value or a Fault out; no input or output, no clock."""
