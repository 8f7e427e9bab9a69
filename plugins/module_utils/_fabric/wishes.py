# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task parameters -> Wishes -> Fabric. Nothing is read from a cluster here.

Between the two steps the labels of clusters may be read, for wishes that pick their clusters by label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .entries import ONE_NODE_PORT, known_clusters, parse_entry
from .errors import FabricError, FailureName, InputError, Violation
from .legal import is_name
from .model import (
    LONGEST_CLUSTER_ID,
    Cluster,
    ClusterId,
    Fabric,
    FabricName,
    Pair,
    Settings,
    Shortcut,
    State,
    is_cluster_id,
)
from .run_options import pairs_of, parse_run_options
from .settings import Given, as_options, build_settings, parse_settings
from .topology import Expansion, Labels, Wish, clash_of, expand
from .unquoted import is_quotable, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a task asks for, as far as it is clear without a look at any cluster."""

    name: FabricName
    clusters: tuple[Cluster, ...]
    hubs: tuple[ClusterId, ...] = ()
    """Those of the clusters that no selector picks, sorted."""
    wishes: tuple[Wish, ...] = ()
    defaults: Given = field(default_factory=dict)
    labels_from: tuple[str, ...] = ("inventory",)
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of Fabric that no label changes."""
    rotate_keys: Any = None
    """As the task says it; which pairs may be named is known only in the end."""

    @property
    def needs_labels(self) -> bool:
        """Does any wish pick its clusters by label?"""
        return any(wish.selector is not None for wish in self.wishes)

    @property
    def selectable(self) -> tuple[Cluster, ...]:
        """The clusters that a selector may pick, sorted by id."""
        return tuple(cluster for cluster in self.clusters if cluster.id not in self.hubs)

    @property
    def labels_of_inventory(self) -> Labels:
        """What the task itself says of each cluster."""
        return {cluster.id: cluster.labels for cluster in self.selectable}


def parse_wishes(params: Mapping[str, Any], *, elsewhere: frozenset[str] = frozenset()) -> Wishes:
    """The wishes of a task, names resolved to cluster ids; those of clusters ``elsewhere`` are taken for ids.

    ``params`` are those of the ``shortcuts`` module after Ansible checked their types. Raises InputError with all
    violations; where labels decide, contradictions can be known only later, by ``resolve``.
    """
    found: list[Violation] = []
    clusters = parse_clusters(params["clusters"], found)
    id_by_name = {cluster.name: cluster.id for cluster in clusters} | {cluster.id: cluster.id for cluster in clusters}
    hubs = _hubs(params, id_by_name, found)
    id_by_name = {name: ClusterId(name) for name in elsewhere} | id_by_name
    check_fabric_name(params["fabric"], found)
    entries = params.get("shortcuts") or ()
    parsed = [parse_entry(entry, f"shortcuts[{index}]", id_by_name, found) for index, entry in enumerate(entries)]
    wishes = Wishes(
        name=FabricName(params["fabric"]),
        clusters=clusters,
        hubs=hubs,
        wishes=tuple(wish for wish in parsed if wish is not None),
        defaults=_defaults(params, id_by_name, found),
        labels_from=tuple(params.get("labels_from") or ("inventory",)),
        options=parse_run_options(params, id_by_name, found),
        rotate_keys=params.get("rotate_keys"),
    )
    check_limits(params, found)
    if found:
        # One answer with everything: what is right so far may still contradict itself.
        raise InputError([*found, *(() if wishes.needs_labels else _contradictions(wishes))])
    return wishes


def resolve(wishes: Wishes, labels: Labels | None = None, *, told_by: frozenset[ClusterId] = frozenset()) -> Fabric:
    """The fabric of these wishes, sorted, each pair once. Raises InputError for contradictions.

    ``labels`` are by cluster, those of the task where none are given. A cluster that they leave out is picked by no
    selector. Those of ``told_by``, and those that the task calls told, come from the clusters: what contradicts itself
    only because of them concerns the pairs of these clusters, which are refused, and no other one.
    """
    labels = wishes.labels_of_inventory if labels is None else labels
    selectable = {cluster.id for cluster in wishes.selectable}
    labels = {cluster: own for cluster, own in labels.items() if cluster in selectable}
    told_by |= {cluster.id for cluster in wishes.selectable if cluster.labels_told}
    expansion = expand(wishes.wishes, wishes.defaults, labels)
    refused = _refused(wishes, labels, expansion, told_by)
    settings: dict[int, Settings] = {}
    for _pair, merged in expansion.pairs:
        if id(merged) not in settings and not merged.clashes:
            settings[id(merged)] = build_settings(merged.given)
    shortcuts = tuple(
        Shortcut(pair=pair, settings=settings[id(merged)], source=merged.source)
        for pair, merged in expansion.pairs
        if pair not in refused
    )
    found: list[Violation] = []
    _check_node_ports(shortcuts, found)
    rotate_keys = _rotate_keys(wishes, frozenset(shortcut.pair for shortcut in shortcuts), told_by, found)
    if found:
        raise InputError(found)
    fabric = Fabric(
        name=wishes.name,
        clusters=wishes.clusters,
        shortcuts=shortcuts,
        notes=expansion.notes,
        refused=refused,
        unlabelled=tuple(sorted(selectable - labels.keys())) if wishes.needs_labels else (),
        rotate_keys=rotate_keys,
        **wishes.options,
    )
    unpicked = _unpicked(fabric, told_by) if wishes.needs_labels and not fabric.searches else {}
    return replace(fabric, refused={**unpicked, **refused}) if unpicked else fabric


def _refused(
    wishes: Wishes, labels: Labels, expansion: Expansion, told_by: frozenset[ClusterId]
) -> dict[Pair, FabricError]:
    """The pairs that contradict themselves because of what clusters tell. Raises InputError for all others."""
    if not expansion.violations:
        return {}
    ours = {cluster: own for cluster, own in labels.items() if cluster not in told_by}
    if not told_by or expand(wishes.wishes, wishes.defaults, ours).violations:
        raise InputError(expansion.violations)
    return {
        pair: FabricError(
            what=f"{pair} is wanted in two ways",
            where=f"clusters {pair.a} and {pair.b}",
            why=f"by the labels that these clusters tell: {clash_of(wishes.wishes, wishes.defaults, pair, merged)}",
            next="correct the labels of these clusters, or set these settings for the pair, with between",
            fault=FailureName.WRONG_INPUT,
        )
        for pair, merged in expansion.pairs
        if merged.clashes
    }


def _unpicked(fabric: Fabric, told_by: frozenset[ClusterId]) -> dict[Pair, FabricError]:
    """Pairs that the scope names, and that no selector picks by the labels that their clusters tell now."""
    return {
        pair: FabricError(
            what=f"{pair} is not declared now",
            where=f"clusters {pair.a} and {pair.b}",
            why="no selector picks both by the labels that they tell",
            next="look at the labels of these clusters, or take the pair out of only",
            fault=FailureName.WRONG_INPUT,
        )
        for pair in (fabric.scope.pairs or frozenset()).difference(fabric.pairs)
        if told_by.intersection(pair)
    }


def expand_wishes(params: Mapping[str, Any]) -> tuple[list[dict[str, Any]], tuple[FabricError, ...]]:
    """The pairs of a task as entries of the option ``shortcuts``, by the labels of the task; and why some are left out,
    because of labels that clusters tell. Raises InputError.

    Of ``params`` those that say what is wanted are used: clusters, shortcuts, defaults and hubs.
    """
    wishes = parse_wishes({"fabric": "any", **params})
    refused = resolve(wishes).refused
    name_by_id = {cluster.id: cluster.name for cluster in wishes.clusters}
    expansion = expand(wishes.wishes, wishes.defaults, wishes.labels_of_inventory)
    entries = [
        {"between": [name_by_id[cluster] for cluster in pair], **as_options(merged.given, name_by_id)}
        for pair, merged in expansion.pairs
        if pair not in refused
    ]
    return entries, tuple(refused.values())


def parse_clusters(declared: Sequence[Mapping[str, Any]], found: list[Violation]) -> tuple[Cluster, ...]:
    """The clusters of a task, sorted by id; violations are appended to ``found``."""
    clusters: dict[ClusterId, tuple[str, Cluster]] = {}
    path_by_name: dict[str, str] = {}
    for index, entry in enumerate(declared):
        path = f"clusters[{index}]"
        name = entry["name"]
        cluster_id = ClusterId(entry.get("cluster_id") or name)
        if not is_quotable(name) or not name.isprintable():
            _add(found, f"{path}.name", f"{quoted(name)} is no name of a cluster", "name it as the inventory does")
            continue
        if not is_cluster_id(cluster_id):
            letters = f"lower case letters, digits and -, at most {LONGEST_CLUSTER_ID}"
            what = f"{cluster_id!r} is not a Liqo cluster id ({letters})"
            _add(found, f"{path}.cluster_id", what, f"set cluster_id of {name} to what 'liqoctl info' shows")
        cluster = Cluster(
            id=cluster_id,
            name=name,
            liqo_namespace=entry.get("liqo_namespace") or "liqo",
            labels=_labels(entry.get("labels") or {}, f"{path}.labels", found),
            labels_told=bool(entry.get("labels_told")),
        )
        first_path, first = clusters.setdefault(cluster_id, (path, cluster))
        if first is not cluster:
            what = f"{name} has cluster id {cluster_id}, like {first_path} ({first.name})"
            _add(found, path, what, "list each cluster once; two clusters never share an id")
        elif name in path_by_name:
            _add(
                found,
                f"{path}.name",
                f"{name} is also the name of {path_by_name[name]}",
                "give each cluster its own name",
            )
        path_by_name.setdefault(name, path)
    for path, cluster in clusters.values():
        namesake = clusters.get(ClusterId(cluster.name), (path, cluster))[1]
        if namesake is not cluster:
            what = f"{cluster.name} is also the cluster id of {namesake.name}"
            _add(found, f"{path}.name", what, "give it a name that means one cluster only")
    return tuple(clusters[key][1] for key in sorted(clusters))


def _labels(given: Mapping[Any, Any], path: str, found: list[Violation]) -> dict[str, str]:
    """Labels are texts; YAML reads some of them as something else."""
    labels: dict[str, str] = {}
    for key, value in given.items():
        if isinstance(value, bool):
            labels[str(key)] = str(value).lower()
        elif value is None or isinstance(value, (str, int, float)):
            labels[str(key)] = "" if value is None else str(value)
        else:
            _add(found, f"{path}.{key}", f"is a {type(value).__name__} and no text", "give one text per label")
    return labels


def _defaults(params: Mapping[str, Any], id_by_name: Mapping[str, ClusterId], found: list[Violation]) -> Given:
    given = parse_settings(params.get("defaults") or {}, "defaults", id_by_name, found)
    entries = params.get("shortcuts") or ()
    if "node_port" in given and (len(entries) > 1 or any(entry.get("between") is None for entry in entries)):
        _add(found, "defaults.node_port", ONE_NODE_PORT, "set it per shortcut")
    return given


def _hubs(
    params: Mapping[str, Any], id_by_name: Mapping[str, ClusterId], found: list[Violation]
) -> tuple[ClusterId, ...]:
    if "hub" in (params.get("labels_from") or ()) and not params.get("hubs"):
        _add(found, "labels_from", "hub needs hubs", "name the hubs whose ForeignClusters carry the labels")
    return tuple(sorted(known_clusters(params.get("hubs") or (), "hubs", id_by_name, found)))


def _rotate_keys(
    wishes: Wishes, wished: frozenset[Pair], told_by: frozenset[ClusterId], found: list[Violation]
) -> frozenset[Pair]:
    """The pairs of ``rotate_keys``: ``all``, or some of the wished ones, each as in ``between``.

    One that is not wished because of the labels that its clusters tell is passed over.
    """
    asked, state = wishes.rotate_keys, wishes.options.get("state", State.PRESENT)
    if not asked:
        return frozenset()
    if state not in (State.PRESENT, State.EXACT):
        _add(found, "rotate_keys", f"has no meaning with state {state.value}", "remove it")
    if asked == "all":
        return wished
    if not isinstance(asked, Sequence) or isinstance(asked, str):
        _add(found, "rotate_keys", f"{asked!r} is no list of pairs", "write all, or [[leaf-a, leaf-b]]")
        return frozenset()
    ids = {name: cluster.id for cluster in wishes.clusters for name in (cluster.name, cluster.id)}
    pairs = pairs_of(asked, "rotate_keys", ids, found)
    for pair in sorted(pair for pair in pairs - wished if not (wishes.needs_labels and told_by.intersection(pair))):
        _add(found, "rotate_keys", f"{pair} is not among the shortcuts", "name pairs of shortcuts only")
    return pairs & wished


def _contradictions(wishes: Wishes) -> tuple[Violation, ...]:
    try:
        resolve(wishes)
    except InputError as refused:
        return refused.violations
    return ()


def check_fabric_name(name: str, found: list[Violation]) -> None:
    if not is_name(name):
        what = f"{name!r} cannot be written on objects"
        hint = "use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
        _add(found, "fabric", what, hint)


def _check_node_ports(shortcuts: Iterable[Shortcut], found: list[Violation]) -> None:
    """A NodePort can serve one gateway of a cluster; only pinned servers can be judged before reading."""
    taken: dict[tuple[ClusterId, int], Shortcut] = {}
    for shortcut in shortcuts:
        settings = shortcut.settings
        if settings.server is None or settings.node_port is None:
            continue
        first = taken.setdefault((settings.server, settings.node_port), shortcut)
        if first is not shortcut:
            what = f"NodePort {settings.node_port} of {settings.server} is also used by {first.source}"
            _add(found, f"{shortcut.source}.node_port", what, "give each shortcut of a cluster its own NodePort")


def check_limits(params: Mapping[str, Any], found: list[Violation]) -> None:
    """Of every module that has one of these options; violations are appended to ``found``."""
    for name in ("timeout", "wait_timeout", "connect_timeout", "parallel_clusters", "parallel_links"):
        value = params.get(name)
        if value is not None and value <= 0:
            _add(found, name, f"{value:g} is out of range", "it must be greater than 0")


def _add(found: list[Violation], path: str, what: str, hint: str) -> None:
    found.append(Violation(path=path, message=what, hint=hint))
