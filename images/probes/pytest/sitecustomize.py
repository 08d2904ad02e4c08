"""Python imports this module at its start when it finds it on PYTHONPATH: it gives pytest the plugin orchestrator_probe.

Not by PYTEST_PLUGINS: a command that sets a PYTHONPATH of its own, or has Python pass over it, would then name a plugin
that is nowhere, and fail for it. So it runs as it would without us, and its tests are not told apart.

Whatever Python this is: nothing here is newer than Python 2.7, and what the plugin needs is looked at first.
"""

import sys


def _import_the_other():
    """The module of this name that this one stands before, if there is one: a distribution's or the project's."""
    ours = sys.modules.pop("sitecustomize", None)
    folder = __file__.rpartition("/")[0]
    place = sys.path.index(folder)
    del sys.path[place]
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours
    finally:
        sys.path.insert(place, folder)


class _BeforePytest(object):
    """Among the finders of modules, until pytest's configuration is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "_pytest.config":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                _execute_then(spec.loader, _watch)
                return spec
        return None


def _execute_then(loader, then):
    execute = loader.exec_module

    def exec_module(module):
        execute(module)
        then(module)

    loader.exec_module = exec_module


def _watch(config_module):
    """The plugin is registered where those of PYTEST_PLUGINS are."""
    manager = config_module.PytestPluginManager
    consider_env = manager.consider_env

    def consider_env_and_us(self):
        consider_env(self)
        try:
            import orchestrator_probe
        except Exception:  # somebody's sys.path without us: the tests are not told apart
            return
        self.register(orchestrator_probe, "orchestrator_probe")

    manager.consider_env = consider_env_and_us


_import_the_other()
if sys.version_info >= (3, 7):
    sys.meta_path.insert(0, _BeforePytest())
