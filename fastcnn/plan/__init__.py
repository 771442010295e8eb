"""Programs: a step of training or inference captured once, improved, its memory planned, replayed with one call."""
