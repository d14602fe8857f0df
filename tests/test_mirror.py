"""A newcomer finds the test of a module by its name, and the lists that the tests are run by name what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.thorough import THOROUGH, UNUSED, is_thorough

ROOT = Path(__file__).parents[1]
