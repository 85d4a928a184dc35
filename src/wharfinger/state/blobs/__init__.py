"""The bytes of layers: opaque objects under storage ids, written once in their final place, never renamed."""
