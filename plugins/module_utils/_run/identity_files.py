# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubeconfigs of identities as private files: the one way in which they leave a hub, so that no variable holds them."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from .._fabric.errors import FabricError, FailureName


class IdentityFiles:
    """The folder that a person has set aside for them."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if need be. Raises FabricError when others could put files of their own there."""
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.lstat()
            above = [parent.stat() for parent in folder.parents]
        except FileExistsError:
            raise self._problem("it is a file, or a link that leads nowhere") from None
        except OSError as error:
            raise self._problem(error.strerror or type(error).__name__) from error
        if not stat.S_ISDIR(found.st_mode):
            raise self._problem("it is a link, which could be led elsewhere")
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise self._problem("others may write there")
        # Others may put files into a folder such as /tmp, but not exchange one that is there.
        if any(one.st_mode & stat.S_IWOTH and not one.st_mode & stat.S_ISVTX for one in above):
            raise self._problem("others may write to a folder above it")

    def path(self, name: str) -> Path:
        """Where the kubeconfig of a cluster is kept."""
        return self._folder / f"{name}.kubeconfig"

    def keep(self, name: str, content: str) -> Path:
        """Written whole or not at all, for its owner alone, and only when it is not there as it is."""
        path = self.path(name)
        try:
            if not self._holds(path, content):
                with tempfile.NamedTemporaryFile(
                    "w", dir=self._folder, prefix=f".{name}.", delete=False, encoding="utf-8"
                ) as file:
                    draft = Path(file.name)
                    try:
                        file.write(content)
                        file.flush()
                        draft.replace(path)
                    finally:
                        draft.unlink(missing_ok=True)
        except OSError as error:
            raise self._problem(error.strerror or type(error).__name__) from error
        return path

    @staticmethod
    def _holds(path: Path, content: str) -> bool:
        try:
            found = path.lstat()
            is_private = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077 and found.st_uid == os.geteuid()
            return is_private and path.read_text(encoding="utf-8") == content
        except (FileNotFoundError, UnicodeDecodeError):
            return False

    def _problem(self, why: str) -> FabricError:
        return FabricError(
            what="the kubeconfigs of identities cannot be kept",
            where=f"identity_dir {self._folder}",
            why=why,
            next="give identity_dir a folder that does not exist yet, in one that only you may write",
            fault=FailureName.WRONG_INPUT,
        )
