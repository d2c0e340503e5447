from __future__ import annotations

import pytest
from acme_library import context_of


@pytest.fixture(scope="session")
def context(tmp_path_factory):
    return context_of(tmp_path_factory.mktemp("vet") / "site-packages")
