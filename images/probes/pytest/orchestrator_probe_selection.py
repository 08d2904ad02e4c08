"""Which of the collected tests run, in which order and how often. Loaded only where something of that is asked for."""

import copy
import fnmatch
import hashlib
import os


def _ignored(item, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns for name in (item.nodeid, item.name))


def _file_of(item, root):
    """The path of the file that the id names, whatever folder pytest calls its root."""
    return os.path.normpath(os.path.join(root, item.nodeid.split("::", 1)[0]))


def select(items, configuration, config, root):
    """Changes `items` to what is to run. Returns whether nothing is left of what was there."""
    kept = [item for item in items if not _ignored(item, configuration.get("ignore", ()))]
    if len(kept) < len(items):
        left = set(map(id, kept))
        config.hook.pytest_deselected(items=[item for item in items if id(item) not in left])
    items[:] = _chosen(kept, configuration, root)
    return bool(kept) and not items


def _chosen(items, configuration, root):
    order = configuration.get("order", "written")
    files = configuration.get("files")
    if files:
        wanted_files = set(files)
        items = [item for item in items if _file_of(item, root) in wanted_files]
    listed = configuration.get("tests")
    if listed:
        by_id = {}
        for item in items:
            by_id.setdefault(item.nodeid, []).append(item)
        wanted = set(listed)
        if order == "listed":
            items = [item for test in listed for item in by_id.get(test, [])]
        else:
            items = [item for item in items if item.nodeid in wanted]
    if order == "reversed":
        items = items[::-1]
    elif order == "shuffled":
        items = _shuffled(items, str(configuration.get("seed", 0)))
    repeat = int(configuration.get("repeat", 1))
    if repeat > 1:
        items = [each for item in items for each in _copies(item, repeat)]
    return items


def _shuffled(items, seed):
    """By a hash of seed and id: the same on every platform, no random state involved."""

    def key(item):
        return hashlib.sha256((seed + "\0" + item.nodeid).encode("utf-8", "surrogatepass")).digest()

    return sorted(items, key=key)


def _copies(item, repeat):
    yield item
    for number in range(2, repeat + 1):
        yield _twin(item, number)


def _twin(item, number):
    """A copy as if the test had been collected once more: it has an instance of its class, fixtures, marks and notes of
    its own."""
    twin = copy.copy(item)
    twin._orchestrator_repeat = number
    own = vars(twin)
    for name, value in list(own.items()):
        if type(value) in (list, dict):
            own[name] = copy.copy(value)
    keywords = copy.copy(item.keywords)
    if hasattr(keywords, "_markers"):
        keywords.node, keywords._markers = twin, dict(keywords._markers)
    twin.keywords = keywords
    if hasattr(getattr(twin, "stash", None), "_storage"):
        twin.stash = twin._store = copy.copy(item.stash)
        twin.stash._storage = dict(item.stash._storage)
    instance = getattr(item, "instance", None)
    if instance is not None and getattr(own.get("_obj"), "__self__", None) is instance:
        own.pop("_obj")
        own.pop("_instance", None)
    initrequest = getattr(twin, "_initrequest", None)
    if initrequest is not None:
        twin.funcargs = {}
        initrequest()
    return twin


