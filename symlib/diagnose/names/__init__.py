"""What users write for groups, actions and architectures, and the objects these names stand for."""

from symlib.diagnose.names.lookup import imported, is_import_path
from symlib.diagnose.names.named_actions import NamedAction, named_action
from symlib.diagnose.names.named_architectures import Architecture, named_architecture
from symlib.diagnose.names.named_groups import named_group

__all__ = [
    "Architecture",
    "NamedAction",
    "imported",
    "is_import_path",
    "named_action",
    "named_architecture",
    "named_group",
]
