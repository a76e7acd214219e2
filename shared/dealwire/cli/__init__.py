"""The command line `dealwire`."""
