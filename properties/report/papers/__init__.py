"""What papers state, fact by fact, and where: the other side of the laws' citations.

One line is one fact, told in the suite's own words and under the number that it has in the version named.  Numbers are
those of the papers; where one place states several facts, or none has a number, a name in brackets tells them apart.
Statements that are true or false of an implementation are facts, definitions of its formulas included; lines of a
proof, repetitions, and results of experiments are not, and say so.

* `paper`: what a paper and a fact are;
* `d3pm`: Austin et al. 2021;
* `sedd`: Lou et al. 2024;
* `mdlm`: Sahoo et al. 2024;
* `md4`: Shi et al. 2024;
* `udlm`: Schiff et al. 2024;
* `duo`: Sahoo et al. 2025;
* `gidd`: von Ruette et al. 2025;
* `bd3lm`: Arriola et al. 2025;
* `dfm`: Gat et al. 2024;
* `remdm`: Wang et al. 2025;
* `llada`: Nie et al. 2025.
"""

from __future__ import annotations

from unmask.properties.report.papers.bd3lm import BD3LM
from unmask.properties.report.papers.d3pm import D3PM
from unmask.properties.report.papers.dfm import DFM
from unmask.properties.report.papers.duo import DUO
from unmask.properties.report.papers.gidd import GIDD
from unmask.properties.report.papers.llada import LLADA
from unmask.properties.report.papers.md4 import MD4
from unmask.properties.report.papers.mdlm import MDLM
from unmask.properties.report.papers.paper import Fact, Paper
from unmask.properties.report.papers.remdm import REMDM
from unmask.properties.report.papers.sedd import SEDD
from unmask.properties.report.papers.udlm import UDLM

PAPERS = (D3PM, SEDD, MDLM, MD4, UDLM, DUO, GIDD, BD3LM, DFM, REMDM, LLADA)

__all__ = [
    "BD3LM",
    "D3PM",
    "DFM",
    "DUO",
    "GIDD",
    "LLADA",
    "MD4",
    "MDLM",
    "PAPERS",
    "REMDM",
    "SEDD",
    "UDLM",
    "Fact",
    "Paper",
]
