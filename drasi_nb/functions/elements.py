"""Functions of nodes, relations and paths."""

from __future__ import annotations

from typing import Any, NoReturn

from drasi_nb.errors import EvaluationError
from drasi_nb.functions.registry import scalar
from drasi_nb.values.graph import Node, Path, Relation


@scalar("id", "NODE | RELATIONSHIP -> ANY")
def id_(element: Node | Relation) -> Any:
    """Return the id as its source gave it, a STRING or an INTEGER.

    Source:
        Cypher function ``id()``, Neo4j Cypher manual, "Scalar functions".
    """
    return element.id


@scalar("elementId", "NODE | RELATIONSHIP -> STRING")
def element_id(element: Node | Relation) -> str:
    """Return the id as text.

    Source:
        Cypher function ``elementId()``, Neo4j Cypher manual, "Scalar functions"; Drasi.
    """
    return str(element.id)


@scalar("labels", "NODE -> LIST")
def labels(node: Node) -> list[str]:
    """Return the labels of a node in the order stored, which is alphabetical.

    Source:
        Cypher function ``labels()``, openCypher TCK Graph3.
    """
    return list(node.labels)


@scalar("type", "RELATIONSHIP -> STRING")
def type_(relation: Relation) -> str:
    """Return the type of a relation.

    Source:
        Cypher function ``type()``, openCypher TCK Graph4.
    """
    return relation.type


@scalar("keys", "NODE | RELATIONSHIP | MAP -> LIST")
def keys(value: Node | Relation | dict[str, Any]) -> list[str]:
    """Return the names of the properties or of a map's entries, in alphabetical order.

    The order in which properties came must not show, or a rebuilt result would differ.

    Source:
        Cypher function ``keys()``, openCypher TCK Graph8 and Map3.
    """
    return sorted(value if isinstance(value, dict) else value.properties)


@scalar("properties", "NODE | RELATIONSHIP | MAP -> MAP")
def properties(value: Node | Relation | dict[str, Any]) -> dict[str, Any]:
    """Return the properties as a map of their own; of a map a copy.

    Source:
        Cypher function ``properties()``, openCypher TCK Graph9.
    """
    return dict(value if isinstance(value, dict) else value.properties)


@scalar("nodes", "PATH -> LIST")
def nodes(path: Path) -> list[Node]:
    """Return the nodes of a path in its order, one more than relations.

    Source:
        Cypher function ``nodes()``, openCypher TCK Path1.
    """
    return list(path.nodes)


@scalar("relationships", "PATH -> LIST")
def relationships(path: Path) -> list[Relation]:
    """Return the relations of a path in its order.

    Source:
        Cypher function ``relationships()``, Neo4j Cypher manual, "List functions".
    """
    return list(path.relations)


@scalar("length", "PATH -> INTEGER")
def length(path: Path) -> int:
    """Return the number of relations of a path; ``size()`` is for text and lists.

    Source:
        Cypher function ``length()``, openCypher TCK Path3.
    """
    return len(path)


@scalar("startNode", "RELATIONSHIP -> NODE")
def start_node(relation: Relation) -> NoReturn:
    """Return the node a relation starts at; the engine compiles the call itself.

    Raises:
        EvaluationError: It was called as a function.

    Source:
        Cypher function ``startNode()``, Neo4j Cypher manual, "Scalar functions".
    """
    raise _needs_graph("startNode", relation)


@scalar("endNode", "RELATIONSHIP -> NODE")
def end_node(relation: Relation) -> NoReturn:
    """Return the node a relation ends at; the engine compiles the call itself.

    Raises:
        EvaluationError: It was called as a function.

    Source:
        Cypher function ``endNode()``, Neo4j Cypher manual, "Scalar functions".
    """
    raise _needs_graph("endNode", relation)


def _needs_graph(name: str, relation: Relation) -> EvaluationError:
    return EvaluationError(
        f"{name}() of {relation.id!r} needs the graph, which a function does not see",
        code="not-compiled",
    )
