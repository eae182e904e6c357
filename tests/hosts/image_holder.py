# SPDX-FileCopyrightText: docker-sync authors
# SPDX-License-Identifier: MIT
"""What tests ask of any engine's images, once it tells tags() and image_ids()."""


class ImageHolder:
    def untagged(self):
        return self.image_ids() - set(self.tags().values())

    def state(self):
        """All that a sync which fails has to leave alone."""
        return self.tags(), self.image_ids()

    def image_id(self, name):
        return self.tags().get(name if ":" in name.rpartition("/")[2] else name + ":latest")

    def diff_ids(self, name):
        return self.inspect(name)["RootFS"]["Layers"]
