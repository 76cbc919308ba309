"""Small pure functions in eight families, to be written again from their docstrings (see `function_bank.py`)."""
