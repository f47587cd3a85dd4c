"""What xylem --output json writes: whether it is what the schema promises, and what it says."""

import json
import pathlib
import re

try:
    from jsonschema import Draft202012Validator
except ImportError:
    Draft202012Validator = None

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((SOURCE / "src/cli/output.schema.json").read_text())

NOTICES = {"unavailable": "Heartbeat: node {id} is unavailable now",
           "available": "Heartbeat: node {id} is available again",
           "adopted": "Repair: node {id} is below {above} now",
           "restarted": "Repair: node {id} was started again "
                        "({restarts} of {restarts_max} within {window})",
           "retired": "Repair: node {id} was started again too often "
                      "({restarts} within {window}) and stays ended"}


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
    """The lines of the picture of a tree, or of several."""
    children = {}
    for node in sorted(nodes, key=lambda node: int(node["id"])):
        children.setdefault(node["parent"], []).append(node)
    if any(top["depth"] != 0 for top in children[None]):
        raise ValueError("a topmost node is below another one")
    todo = [(top, "", "") for top in reversed(children[None])]
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


def value_as_text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-1" if value is None else str(value)


def facts(answer):
    """The lines of `info` and `status`, with their values in one column."""
    lines = []
    for key, value in answer.items():
        if key not in ("command", "ok"):
            name, unit = re.fullmatch(r"(.*?)(_ms)?", key).groups()
            lines.append((name.replace("_", " ") + ":",
                          value_as_text(value) + (" ms" if unit else "")))
    width = max(len(name) for name, value in lines)
    return [f"{name:{width}} {value}" for name, value in lines]


def notice(answer):
    window = answer.get("restart_window_ms", 0)
    window = f"{window} ms" if window % 1000 else f"{window // 1000} s"
    above = "the controlling node" if answer.get("parent") is None else answer["parent"]
    return NOTICES[answer["notice"]].format(**answer, window=window, above=above)


def folded(ids):
    """1-3,7"""
    runs = []
    for id in map(int, ids):
        if runs and runs[-1][1] == id - 1:
            runs[-1][1] = id
        else:
            runs.append([id, id])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def counted(ids):
    return f"{len(ids)} node{'s' * (len(ids) > 1)}"


def set_as_text(answer):
    """Errors first, then what the others say, or how many they are."""
    failed = [f"{folded(one['ids'])}: {one['error']['text']}" for one in answer["results"] if not one["ok"]]
    done = [one for one in answer["results"] if one["ok"]]
    if answer["ok"] != (not failed):
        raise ValueError("a result of the set says otherwise")
    if answer["command"] == "exec":
        told = [(counted if one["combined"] else folded)(one["ids"]) +
                (f": {one['reply']}" if one["reply"] else "") for one in done]
    else:
        told = [counted(one["ids"]) for one in done]
    parts = (["Error: " + "; ".join(failed)] if failed else []) + (["OK: " + "; ".join(told)] if told else [])
    return "; ".join(parts)


def as_text(answer):
    """The lines that the same answer has with --output text."""
    if "results" in answer:
        return [set_as_text(answer)]
    if answer.get("notice") == "job":
        outcome = done(answer) if answer["ok"] else f"Error: {answer['error']['text']}"
        return [f"Job {answer['job']}: {outcome}"]
    if "notice" in answer:
        return [notice(answer)]
    if not answer["ok"]:
        error = answer["error"]
        place = f"{error['file']}:{error['line']}: " if "file" in error else ""
        return [f"Error: {place}{error['text']}"]
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
    if answer["command"] == "pingall":
        return ["OK: " + (";".join(map(str, answer["unavailable"])) or "-1")]
    if answer["command"] in ("info", "status"):
        return facts(answer)
    if answer["command"] == "all":
        return [" ".join(map(str, answer["nodes"]))]
    if answer["command"] == "tree":
        return list(draw(answer["nodes"]))
    return ["OK"]
