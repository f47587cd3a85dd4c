"""What xylem --output json writes: whether it is what the schema promises, and what it says."""

import json
import pathlib

try:
    from jsonschema import Draft202012Validator
except ImportError:
    Draft202012Validator = None

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((SOURCE / "src/cli/output.schema.json").read_text())

NOTICES = {"unavailable": "Heartbeat: node {} is unavailable now",
           "available": "Heartbeat: node {} is available again"}


def members(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError(f"a key appears twice: {[key for key, value in pairs]}")
    return result


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(line):
    """The object in a line, strictly; ValueError when there is none."""
    answer = json.loads(line, object_pairs_hook=members, parse_constant=no_constant)
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return answer


def keys_of(definition):
    """All keys of an object, and those that it must have."""
    return set(definition["properties"]), set(definition["required"])


def fits(definition, answer):
    """A small part of what the schema says: the keys, and the constants."""
    known, required = keys_of(definition)
    if not required <= set(answer) <= known:
        return False
    for key, value in answer.items():
        should = definition["properties"][key]
        if "const" in should and should["const"] is not value and should["const"] != value:
            return False
        if "enum" in should and value not in should["enum"]:
            return False
    return True


def faults_by_hand(answer):
    references = [one["$ref"].rpartition("/")[2] for one in SCHEMA["oneOf"]]
    fitting = [name for name in references if fits(SCHEMA["$defs"][name], answer)]
    return [] if len(fitting) == 1 else [f"fits {fitting or 'nothing'}"]


def faults(answer):
    """Everything in which an answer is not what the schema promises."""
    if not Draft202012Validator:
        return faults_by_hand(answer)
    errors = Draft202012Validator(SCHEMA).iter_errors(answer)
    return [error.message for error in errors] + faults_by_hand(answer)


def draw(nodes):
    """The lines of the picture of a tree."""
    children = {}
    for node in sorted(nodes, key=lambda node: node["id"]):
        children.setdefault(node["parent"], []).append(node)
    [top] = children[None]
    if top["depth"] != 0:
        raise ValueError("the topmost node is below another one")
    todo = [(top, "", "")]
    while todo:
        node, branch, margin = todo.pop()
        yield f"{branch}{node['id']} {'available' if node['available'] else 'unavailable'}"
        below = children.get(node["id"], [])
        for child in reversed(below):
            if child["depth"] != node["depth"] + 1:
                raise ValueError(f"the depth of {child['id']} is {child['depth']}")
            last = child is below[-1]
            todo.append((child, margin + ("└── " if last else "├── "),
                         margin + ("    " if last else "│   ")))


def done(answer):
    return f"OK: {answer['reply']}" if answer["reply"] else "OK"


def as_text(answer):
    """The lines that the same answer has with --output text."""
    if answer.get("notice") == "job":
        outcome = done(answer) if answer["ok"] else f"Error: {answer['error']['text']}"
        return [f"Job {answer['job']}: {outcome}"]
    if "notice" in answer:
        return [NOTICES[answer["notice"]].format(answer["id"])]
    if not answer["ok"]:
        return [f"Error: {answer['error']['text']}"]
    if answer["command"] == "exec" and "job" in answer:
        return [f"OK: job {answer['job']}"]
    if answer["command"] == "jobs":
        return [f"Job {job['job']}: node {job['id']}: {job['text']}" for job in answer["jobs"]]
    if answer["command"] == "create":
        return [f"OK: {answer['pid']}"]
    if answer["command"] == "exec":
        return [done(answer)]
    if answer["command"] == "ping":
        return [f"OK: {1 if answer['reached'] else -1}"]
    if answer["command"] == "all":
        return [" ".join(map(str, answer["nodes"]))]
    if answer["command"] == "tree":
        return list(draw(answer["nodes"]))
    if answer["command"] == "help":
        return [f"{one['usage']:<24} {one['purpose']}" for one in answer["commands"]]
    return ["OK"]
