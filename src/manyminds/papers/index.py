"""The index of all papers as data: name in this library, title, arXiv number, and the room its mechanism lives in."""

# ruff: noqa: E501  one row a paper, titles whole
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manyminds.core import Paper


@dataclass(frozen=True)
class Entry:
    """One paper of the index, whether it is implemented yet or not."""

    slug: str
    title: str
    arxiv: str
    room: str

    @property
    def module(self) -> str:
        """The module whose `PAPER` this entry announces."""
        return f"manyminds.papers.{self.slug.replace('-', '_')}.paper"

    @property
    def implemented(self) -> bool:
        """Whether the paper's file exists; asked without importing it, so that a listing stays fast."""
        package, _, name = self.module.rpartition(".")
        spec = find_spec(package)
        places = spec.submodule_search_locations if spec else None
        return any(Path(place, f"{name}.py").is_file() for place in places or ())


# fmt: off
INDEX: tuple[Entry, ...] = (
    Entry("adas", "Automated Design of Agentic Systems", "2408.08435", "agents"),
    Entry("agentcoder", "AgentCoder: Multi-Agent-based Code Generation with Iterative Testing and Optimisation", "2312.13010", "conversations"),
    Entry("agentgym", "AgentGym: Evolving Large Language Model-based Agents across Diverse Environments", "2406.04151", "tuning"),
    Entry("agentrefine", "AgentRefine: Enhancing Agent Generalization through Refinement Tuning", "2501.01702", "tuning"),
    Entry("agenttorch", "On the limits of agency in agent-based models", "2409.10568", "worlds/populations"),
    Entry("alpha-umi", "Small LLMs Are Weak Tool Learners: A Multi-LLM Agent", "2401.07324", "agents"),
    Entry("ara", "Evaluating Language-Model Agents on Realistic Autonomous Tasks", "2312.11671", "agents"),
    Entry("aucarena", "Put Your Money Where Your Mouth Is: Evaluating Strategic Planning and Execution of LLM Agents in an Auction Arena", "2310.05746", "worlds/games"),
    Entry("autonomous-agents-survey", "A Survey on Large Language Model based Autonomous Agents", "2308.11432", "agents"),
    Entry("boxing-gym", "BoxingGym: Benchmarking Progress in Automated Experimental Design and Model Discovery", "2501.01540", "worlds/science"),
    Entry("clam", "Contrastive Learning-based Agent Modeling for Deep Reinforcement Learning", "2401.00132", "learning"),
    Entry("collaboration-survey", "Multi-Agent Collaboration Mechanisms: A Survey of LLMs", "2501.06322", "conversations"),
    Entry("concordia", "Generative agent-based modeling with actions grounded in physical, social, or digital space using Concordia", "2312.03664", "worlds/societies"),
    Entry("damcs", "LLM-Powered Decentralized Generative Agents with Adaptive Hierarchical Knowledge Graph for Cooperative Planning", "2502.05453", "agents"),
    Entry("dec-pomfc", "Learning Decentralized Partially Observable Mean Field Control for Artificial Collective Behavior", "2307.06175", "worlds/populations"),
    Entry("diffusion", "An Overview of Diffusion Models: Applications, Guided Generation, Statistical Rates and Optimization", "2404.07771", "networks"),
    Entry("digital-twins", "Control of Medical Digital Twins with Artificial Neural Networks", "2403.13851", "worlds/populations"),
    Entry("donor-game", "Cultural Evolution of Cooperation among LLM Agents", "2412.10270", "worlds/games"),
    Entry("dse", "Multi-Agent Reinforcement Learning for Microprocessor Design Space Exploration", "2211.16385", "learning"),
    Entry("e2g", "Evidence to Generate (E2G): A Single-agent Two-step Prompting for Context Grounded and Retrieval Augmented Reasoning", "2401.05787", "conversations"),
    Entry("filmagent", "FilmAgent: A Multi-Agent Framework for End-to-End Film Automation in Virtual 3D Spaces", "2501.12909", "conversations"),
    Entry("friendship-paradox", "Can Generative Agent-Based Modeling Replicate the Friendship Paradox in Social Media Simulations?", "2502.05919", "worlds/societies"),
    Entry("gitm", "Ghost in the Minecraft - Generally Capable Agents for Open-World Environments via LLMs with Text-based Knowledge and Memory", "2305.17144", "agents"),
    Entry("glee", "GLEE: A Unified Framework and Benchmark for Language-based Economic Environments", "2410.05254", "worlds/games"),
    Entry("govsim", "Cooperate or Collapse: Emergence of Sustainable Cooperation in a Society of LLM Agents", "2404.16698", "worlds/games"),
    Entry("graphex-mfg", "Learning Mean Field Games on Sparse Graphs: A Hybrid Graphex Approach", "2401.12686", "worlds/populations"),
    Entry("hiagent", "HiAgent: Hierarchical Working Memory Management for Solving Long-Horizon Agent Tasks with Large Language Model", "2408.09559", "agents"),
    Entry("hiring-agents", "Online Information Acquisition: Hiring Multiple Agents", "2307.06210", "worlds/games"),
    Entry("human-ai-abms", "Carbon and Silicon, Coexist or Compete? A Survey on Human-AI Interactions in Agent-based Modeling and Simulation", "2502.18145", "worlds/societies"),
    Entry("learn-by-interact", "Learn-by-interact: A Data-Centric Framework for Self-Adaptive Agents in Realistic Environments", "2501.10893", "tuning"),
    Entry("losse", "Locality Sensitive Sparse Encoding for Learning World Models Online", "2401.13034", "learning"),
    Entry("ltl-agents", "Formally Specifying the High-Level Behavior of LLM-Based Agents", "2310.08535", "models"),
    Entry("m3", "Towards Robust Multi-Modal Reasoning via Model Selection", "2310.08446", "agents"),
    Entry("ma-lot", "MA-LoT: Multi-Agent Lean-based Long Chain-of-Thought Reasoning enhances Formal Theorem Proving", "2503.03205", "conversations"),
    Entry("mallm", "MALLM: Multi-Agent Large Language Models for Conversational Task-Solving", "2410.22932", "conversations"),
    Entry("malt", "MALT: Improving Reasoning with Multi-Agent LLM Training", "2412.01928", "tuning"),
    Entry("mam", "Generative Marginalization Models", "2310.12920", "networks"),
    Entry("mamba-dynamics", "Demystifying the Token Dynamics of Deep Selective State Space Models", "2410.03292", "networks"),
    Entry("mansa", "Learning Fast and Slow in Multi-Agent Systems", "2302.05910", "learning"),
    Entry("mllm-tool", "MLLM-Tool: A Multimodal Large Language Model For Tool Agent Learning", "2401.10727", "agents"),
    Entry("mra", "Learning Meta Representations for Agents in Multi-Agent Reinforcement Learning", "2108.12988", "learning"),
    Entry("multicritique", "Training Language Models to Critique With Multi-agent Feedback", "2410.15287", "tuning"),
    Entry("odin", "ODIN: A Single Model for 2D and 3D Perception", "2401.02416", "perception"),
    Entry("pbt", "Teaching Models to Balance Resisting and Accepting Persuasion", "2410.14596", "tuning"),
    Entry("population-communication", "Dynamic population-based meta-learning for multi-agent communication with natural language", "2110.14241", "learning"),
    Entry("ravl", "The Edge-of-Reach Problem in Offline Model-Based Reinforcement Learning", "2402.12527", "learning"),
    Entry("reaper", "REAPER: Reasoning based Retrieval Planning for Complex RAG Systems", "2407.18553", "agents"),
    Entry("repeated-games", "Playing repeated games with Large Language Models", "2305.16867", "worlds/games"),
    Entry("researchtown", "ResearchTown: Simulator of Human Research Community", "2412.17767", "worlds/societies"),
    Entry("rise-and-potential", "The Rise and Potential of Large Language Model Based Agents: A Survey", "2309.07864", "agents"),
    Entry("rise", "RISE: Recursive Introspection: Teaching Language Model Agents How to Self-Improve", "2407.18219", "tuning"),
    Entry("s3", "S3: Social-network Simulation System with Large Language Model-Empowered Agents", "2307.14984", "worlds/societies"),
    Entry("safeguarding", "Prioritizing Safeguarding Over Autonomy: Risks of LLM Agents for Science", "2402.04247", "agents"),
    Entry("self-moa", "Rethinking Mixture-of-Agents: Is Mixing Different Large Language Models Beneficial?", "2502.00674", "conversations"),
    Entry("social-simulation-survey", "From Individual to Society: A Survey on Social Simulation Driven by Large Language Model-based Agents", "2412.03563", "worlds/societies"),
    Entry("sparse-cce", "Hardness of Independent Learning and Sparse Equilibrium Computation in Markov Games", "2303.12287", "worlds/games"),
    Entry("spo", "A Minimaximalist Approach to Reinforcement Learning from Human Feedback", "2401.04056", "learning"),
    Entry("spp", "Unleashing Cognitive Synergy in Large Language Models through Multi-Persona Self-Collaboration", "2307.05300", "conversations"),
    Entry("steve-2", "Do We Really Need a Complex Agent System? Distill Embodied Agent into a Single Model", "2404.04619", "tuning"),
    Entry("tin-men", "Of Models and Tin Men: A Behavioural Economics Study of Principal-Agent Problems in AI Alignment using Large-Language Models", "2307.11137", "worlds/games"),
    Entry("v2x", "Practical Collaborative Perception - A Framework for Asynchronous and Multi-Agent 3D Object Detection", "2307.01462", "perception"),
    Entry("xland", "Open-Ended Learning Leads to Generally Capable Agents", "2107.12808", "learning"),
)
# fmt: on

BY_SLUG = {entry.slug: entry for entry in INDEX}


def paper(slug: str, **parts: Any) -> "Paper":
    """The paper called `slug`, made of `parts`; its title, arXiv number and room stand in the index alone."""
    from manyminds.core import Paper

    entry = BY_SLUG[slug]
    return Paper(slug=slug, title=entry.title, arxiv=entry.arxiv, room=entry.room, **parts)
