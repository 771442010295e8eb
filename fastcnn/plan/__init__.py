"""Programs: a step of training or inference captured once, optimised, its memory planned, and replayed with one call."""
