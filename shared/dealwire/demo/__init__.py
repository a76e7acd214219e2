"""The demonstration: a small sales department's day, played through the public API."""
