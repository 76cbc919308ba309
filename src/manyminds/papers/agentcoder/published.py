"""What the paper prints (arXiv 2312.13010, version 3); pass@1 in percent. Some figures are from secondary accounts."""

PASS_AT_1 = (  # system, HumanEval, HumanEval-ET, MBPP, MBPP-ET
    ("AgentCoder, GPT-4", 96.3, 86.0, 91.8, 91.8),
    ("AgentCoder, GPT-3.5-turbo", 79.9, 77.4, 89.9, 89.1),
    ("best baseline, GPT-3.5 (CodeCoT)", 79.3, 69.5, 89.5, 63.0),
    ("best before, GPT-4 class", 90.2, None, 78.9, None),
)
ABLATION = (  # HumanEval, GPT-3.5
    ("programmer", 61.0),
    ("programmer and designer", 64.0),
    ("programmer and executor", 64.6),
    ("all three", 79.9),
    ("one mind for both roles", 71.3),
)
TEST_ACCURACY = (("one mind, GPT-3.5", 61.0), ("separate designer, GPT-3.5", 87.8), ("separate designer, GPT-4", 89.6))
LINE_COVERAGE = 91.7  # GPT-4, HumanEval
TOKENS = (("AgentCoder", 56.9, 66.3), ("MetaGPT", 138.2, 206.5))  # thousands, HumanEval and MBPP
