from conftest_render import make_setup, store

__all__ = ["make_setup", "store"]
