"""Agents as declared languages of states: specifications, automata, and their enforcement on tokens and on replies."""
