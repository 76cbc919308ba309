"""Small text worlds, one module each, all with the functions that `rooms.py` calls."""
