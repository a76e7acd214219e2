"""Dealwire: a sales department as events.

The vocabulary every service shares is pure and lies at this level (`event`, `errors`, `calendar`, `catalogue`);
`kit` does the input and output, `stack` runs everything on one machine, `cli` is the command line.
"""
