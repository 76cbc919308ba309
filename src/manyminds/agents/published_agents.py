"""Published ways of prompting, each as a specification of a few lines (arXiv 2310.08535, section 4 and appendix).

Direct answers; chain of thought (arXiv 2201.11903); ReAct (2210.03629); Reflexion (2303.11366); ReWOO (2305.18323);
PASS, which calls all tools of a plan together and reads one summary; and a conversation without end.
"""

from functools import cache

from manyminds.core.errors import unknown
from manyminds.models.constrain.specification import Specification, specification

STATES = {
    "question": '(question (:text "Question:") (:flags :env-input))',
    "thought": '(thought (:text "Thought:"))',
    "action": '(action (:text "Action:") (:output-constrs {tools}))',
    "input": '(input (:text "Action Input:"))',
    "observation": '(observation (:text "Observation:") (:flags :env-input))',
    "final-thought": '(final-thought (:text "Final Thought:"))',
    "answer": '(answer (:text "Answer:"))',
    "proposed": '(proposed (:text "Proposed Answer:"))',
    "evaluation": '(evaluation (:text "Evaluation:") (:flags :env-input))',
    "reflection": '(reflection (:text "Reflection:"))',
    "plan": '(plan (:text "Plan:"))',
    "label": '(label (:text "Label:"))',
    "solution": '(solution (:text "Results:") (:flags :env-input))',
    "summary": '(summary (:text "Summary:") (:flags :env-input))',
    "user": '(user (:text "User:") (:flags :env-input))',
    "reply": '(reply (:text "Reply:"))',
}
STEP = "(next thought action input observation)"
TRIAL = f"(until_3 {STEP} final-thought)"
BEHAVIOURS = {
    "direct": "(next question answer)",
    "cot": "(next question thought answer)",
    "react": f"(next question (until_5 {STEP} final-thought) answer)",
    "reflexion": f"(next question (until_2 (next {TRIAL} proposed evaluation reflection) answer))",
    "rewoo": "(next question (until_5 (next plan label action input) solution) answer)",
    "pass": "(next question (until_5 (next plan (until (next action input) summary)) final-thought) answer)",
    "pass-3": "(next question (until_3 (next plan (until (next action input) summary)) final-thought) answer)",
    "chat": "(always (next user reply))",
}


@cache
def published(name: str, tools: tuple[str, ...] = ("Search", "Lookup", "Calculator")) -> Specification:
    """One of `BEHAVIOURS` with these tools; all of its states and no others are declared."""
    if name not in BEHAVIOURS:
        raise unknown("agent", name, BEHAVIOURS)
    behaviour = BEHAVIOURS[name]
    words = behaviour.replace("(", " ").replace(")", " ").split()
    states = " ".join(STATES[word] for word in STATES if word in words)
    named = " ".join(f'"{tool}"' for tool in tools)
    return specification(f"(define {name} (:states {states.format(tools=named)}) (:behavior {behaviour}))")
