"""Floor 4: bytes to typed requests, results and Faults to bytes. No rules of the registry are here."""
