"""The simulator finds what it is there to find; ``make mutants`` hunts all, these are the quick ones."""

from pathlib import Path

import pytest

from tests.simulation import mutants
from tests.simulation.mutants import MUTANTS, Edit, Mutant, broken, hunt, planted

QUICK = ("no inbox deduplication",)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_still_fits_the_product(mutant: Mutant) -> None:
    with planted(mutant) as folder:
        for edit in mutant.edits:
            compile((folder / edit.file).read_text(), edit.file, "exec")


def test_one_that_does_not_fit_fails_loudly(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\nx = 1\n")
    with pytest.raises(ValueError, match="2 times, not once"):
        broken(tmp_path / "a.py", Edit("a.py", "x = 1", "x = 2"))


@pytest.mark.parametrize("name", QUICK)
def test_a_breakage_is_found(name: str) -> None:
    (mutant,) = [mutant for mutant in mutants.MUTANTS if mutant.name == name]
    assert hunt(mutant, seeds=4, events=300, shrink=0).invariant
