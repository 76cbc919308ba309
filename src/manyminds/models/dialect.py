"""What a server takes of a request: learned from what it refuses, step by step, and remembered.

OpenAI-compatible servers differ in how far they are compatible. An answer's schema is asked for in the best way that a
server has left, and whatever comes back is validated by us in any case. The ways, from the strongest:

- `full`: the schema as it is, with its bounds; servers that decode by grammar keep to all of it;
- `strict`: the part of the schema that strict servers take (see `strict_schema`), marked as strict;
- `object`: any JSON object, for answers that are told in words to be one;
- `words`: nothing but the instruction in the prompt.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from manyminds.core.actions import Action, Form
from manyminds.core.errors import Refused
from manyminds.models.request import Request

Shape = Literal["full", "strict", "object", "words"]

UNKNOWN = (
    "unsupported", "not support", "unrecognized", "unknown", "not permitted", "not allowed", "unexpected", "extra",
    "not implemented", "only the default", "cannot be used", "cannot both", "not available", "deprecated",
)  # fmt: skip
ABOUT_SHAPE = ("response_format", "json_schema", "json_object", "schema", "structured output", "grammar", "guided")
DROPPABLE = ("temperature", "top_p", "seed", "stop", "logprobs")


@dataclass(frozen=True)
class Dialect:
    """What is left of the ways to ask a server. `limit`: the name it has for the maximal length of an answer."""

    shapes: tuple[Shape, ...] = ("full", "strict", "object", "words")
    limit: str = "max_tokens"
    dropped: frozenset[str] = frozenset()

    def body(self, request: Request, model: str) -> dict[str, Any]:
        """The request as this server takes it."""
        if request.logprobs and "logprobs" in self.dropped:
            raise Refused(f"{model} gives no log-probabilities, and this request needs them")
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        body: dict[str, Any] = {"model": model, "messages": messages, self.limit: request.max_tokens}
        optional = {
            "temperature": request.temperature,
            "top_p": request.top_p if request.top_p != 1 else None,
            "stop": list(request.stop) or None,
            "seed": request.seed,
            "logprobs": request.logprobs or None,
        }
        body |= {name: value for name, value in optional.items() if value is not None and name not in self.dropped}
        shape, form = self.form(request.output)
        return body if shape == "words" else body | {"response_format": form}

    def form(self, output: Action | None) -> tuple[Shape, dict[str, Any]]:
        """The best way left to ask for this output, and what is sent for it."""
        schema = output.schema() if output is not None else None
        for shape in self.shapes if schema else ():
            if shape == "full":
                return shape, {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
            if shape == "strict" and (strict := strict_schema(schema)) is not None:
                return shape, {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": strict, "strict": True},
                }
            if shape == "object" and isinstance(output, Form):  # the others are told to answer in a line of text
                return shape, {"type": "json_object"}
        return "words", {}

    def after(self, complaint: str, field: str, request: Request) -> "Dialect | None":
        """What is left after a server's refusal of a request in this dialect; None if another form would not help.

        `field` is what the server named as the cause, or empty.
        """
        said = complaint.lower()
        shape, _ = self.form(request.output)
        named = field.partition(".")[0]
        if shape != "words" and (named == "response_format" or any(word in said for word in ABOUT_SHAPE)):
            return replace(self, shapes=self.shapes[self.shapes.index(shape) + 1 :])
        if self.limit == "max_tokens" and "max_completion_tokens" in said:
            return replace(self, limit="max_completion_tokens")
        if not any(word in said for word in UNKNOWN):
            return None
        if self.limit == "max_completion_tokens" and self.limit in (named, *said.split()):
            return None
        sent = self.body(request, "")
        for name in (named, *sorted(DROPPABLE, key=lambda name: place_in(said, name))):
            if name in DROPPABLE and name in sent and (name == named or name in said):
                return replace(self, dropped=self.dropped | {name})
        return None

    def merged(self, other: "Dialect") -> "Dialect":
        """What two dialects of one server have both left; calls in flight learn at the same time."""
        shapes = tuple(shape for shape in self.shapes if shape in other.shapes)
        limit = self.limit if other.limit == "max_tokens" else other.limit
        return Dialect(shapes, limit, self.dropped | other.dropped)


def place_in(text: str, word: str) -> int:
    found = text.find(word)
    return found if found >= 0 else len(text)


KEPT = {"type", "enum", "const", "properties", "required", "items", "anyOf", "$ref", "$defs", "description"}
BOUNDS = {
    "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than", "exclusiveMaximum": "less than",
    "minLength": "characters at least", "maxLength": "characters at most", "minItems": "items at least",
    "maxItems": "items at most", "pattern": "matching",
}  # fmt: skip
HARMLESS = {"title", "default", "examples", "format", "additionalProperties", "discriminator", "multipleOf", *BOUNDS}


def strict_schema(schema: Any) -> dict[str, Any] | None:
    """The schema as strict servers take it, or None where it has something that they cannot express.

    Every field is required (one with a default may be given its default), no others are allowed, and what is not in
    the subset (bounds, patterns, defaults) is left to the description and to our own validation.
    """
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return None
    try:
        return strictly(schema)
    except ValueError:
        return None


def strictly(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict) or not schema:
        raise ValueError("a value of any type")
    schema = dict(schema)
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    if set(schema) - KEPT - HARMLESS:
        raise ValueError(f"not in the subset: {sorted(set(schema) - KEPT - HARMLESS)}")
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    found = {name: schema[name] for name in ("type", "enum", "const", "description") if name in schema}
    bounds = [f"{said} {schema[name]}" for name, said in BOUNDS.items() if name in schema]
    if bounds:
        found["description"] = "; ".join([*([found["description"]] if "description" in found else ()), *bounds])
    if "anyOf" in schema:
        found["anyOf"] = [strictly(option) for option in schema["anyOf"]]
    if schema.get("type") == "array":
        found["items"] = strictly(schema.get("items"))
    if schema.get("type") == "object":
        if "properties" not in schema or schema.get("additionalProperties"):
            raise ValueError("an object with free keys")
        found["properties"] = {name: strictly(part) for name, part in schema["properties"].items()}
        found |= {"required": list(schema["properties"]), "additionalProperties": False}
    if not {"type", "enum", "const", "anyOf"} & set(found):
        raise ValueError("a value of any type")
    if "$defs" in schema:
        found["$defs"] = {name: strictly(part) for name, part in schema["$defs"].items()}
    return found
