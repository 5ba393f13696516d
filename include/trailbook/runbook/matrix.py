"""The part of the MITRE ATT&CK matrix that runbooks use: names and tactics of techniques, from `matrix.yaml`.

Invariants: nothing is fetched; a technique's tactics are in the matrix's own order; what is not in the file is not
known, and nobody guesses it.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, Field, model_validator

from trailbook.runbook.params import STRICT

FILE = Path(__file__).with_name("matrix.yaml")

TacticId = Annotated[str, Field(pattern=r"^TA\d{4}$")]
TechniqueId = Annotated[str, Field(pattern=r"^T\d{4}(\.\d{3})?$")]


class Technique(BaseModel):
    """A technique as the matrix has it; `confirmed` is false where nobody could check its tactics."""

    model_config = STRICT

    name: str = Field(min_length=1)
    tactics: list[TacticId] = Field(min_length=1)
    confirmed: bool = True


class Matrix(BaseModel):
    """The matrix in one version: tactics by id, in its order, and the techniques in use by id."""

    model_config = STRICT

    version: str
    tactics: dict[TacticId, str]
    techniques: dict[TechniqueId, Technique]

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        order = list(self.tactics)
        for name, technique in self.techniques.items():
            if technique.tactics != [tactic for tactic in order if tactic in technique.tactics]:
                raise ValueError(f"{name}: expected known tactics in the matrix's order, found {technique.tactics}")
            if parent(name) not in self.techniques:
                raise ValueError(f"{name}: expected {parent(name)} beside it, for its name")
        return self

    def of(self, technique: str, version: str) -> Technique | None:
        """Return a technique; None where the file lacks it or tells of another version's first number."""
        same = version.partition(".")[0] == self.version.partition(".")[0]
        return self.techniques.get(technique) if same else None

    def title(self, technique: str) -> str:
        """Return the name as MITRE writes it: `Valid Accounts: Cloud Accounts`."""
        own = self.techniques[technique].name
        above = self.techniques[parent(technique)].name
        return own if parent(technique) == technique else f"{above}: {own}"


def parent(technique: str) -> str:
    """Return the technique of a sub-technique; a technique is its own."""
    return technique.partition(".")[0]


@cache
def matrix() -> Matrix:
    """Return the shipped matrix."""
    return Matrix.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8")))
