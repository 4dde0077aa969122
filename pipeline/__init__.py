"""fullcast: a script in, mastered chapters out.

Data flows one way: script -> cast -> plan -> render -> takes -> stitch -> publish.
"""

__version__ = "0.1.0"
