"""A scripted mind for auctions, as a model server answers: it knows only what it is told, and its accounts are poor."""

import json
import re


def role_of(text):
    for role, mark in (
        ("learn", "here is the log"),
        ("plan", "give each item a priority"),
        ("belief", "bring it up to date"),
        ("belief", "account of yours is not right"),
        ("parser", "a bidder in an auction said"),
    ):
        if mark in text.lower():
            return role
    return "bid"


def reply(messages):
    """A competent bidder that knows nothing but what it is told: bids the least legal amount up to its estimate."""
    pairs = [(m["role"], m["content"]) if isinstance(m, dict) else (m.role, m.content) for m in messages]
    said = [content for role, content in pairs if role == "user"]
    text = next(t for t in reversed(said) if not t.startswith(("That cannot be used", "It is not clear")))
    role = role_of(text)
    if role == "plan":
        items = re.findall(r"^\d+\. (.+?)(?: \(|: starts)", text, re.MULTILINE)
        return "I want them all. " + json.dumps(dict.fromkeys(items, 2))
    if role == "belief":
        names = re.findall(r'"([^"]+)": N[,}]', text)
        names.remove("remaining_budget") if "remaining_budget" in names else None
        return json.dumps(
            {"remaining_budget": 0, "total_profits": dict.fromkeys(names, 0), "winning_bids": {n: {} for n in names}}
        )
    if role == "learn":
        return "1. Wait.\n2. Do not overpay."
    asked = re.search(r"at least \$\d+ more, \$(\d+)|starting price is \$(\d+)|at least \$(\d+), or leave", text)
    least = int(next(group for group in asked.groups() if group))
    estimate = re.search(r"estimate of .+? is \$(\d+)", text)
    return f"I bid ${least:,}!" if estimate and least <= int(estimate[1]) else "I'm out."
