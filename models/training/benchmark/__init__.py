"""Composes the calls that `zavud bench speech` reads, and sets the outcome against the goals."""
