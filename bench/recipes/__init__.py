# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""How the bench's images are built: a function for each family, which saves all versions of it.

The versions of a family are made at one builder, so that layers they are to share are the same layers.
"""

from . import applications, systems

# family -> (what builds it, the versions that this makes)
FAMILIES = {
    "small": (applications.build_small, ["small-1", "small-2"]),
    "django": (systems.build_django, ["django-1", "django-2", "django-2-again"]),
    "tree": (applications.build_tree, ["tree-1", "tree-1-again", "tree-2"]),
    "npm": (applications.build_npm, ["npm-1", "npm-2", "npm-native", "node-1", "node-2"]),
    "upgraded": (systems.build_upgraded, ["upgraded-1", "upgraded-2"]),
    "relinked": (applications.build_relinked, ["relinked-1", "relinked-2"]),
    "jars": (applications.build_jars, ["jars-1", "jars-2"]),
    "pkgcache": (systems.build_pkgcache, ["pkgcache-1", "pkgcache-2"]),
    "data": (applications.build_data, ["data-1", "data-2"]),
    "large": (applications.build_large, ["large-1", "large-2"]),
    "parent": (systems.build_parent, ["parent-blog", "parent-shop"]),
    "other": (systems.build_other, ["other-1"]),
}
