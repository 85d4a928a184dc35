"""Floor 0: what the world may send and see. No input or output, nothing of the project below it."""
