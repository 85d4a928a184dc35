"""The JSON protocol of AWS: signature, target, types, errors; it leads to the handlers of each service."""
