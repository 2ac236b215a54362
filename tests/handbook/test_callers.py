"""Who computes with a function of the reference: what its page says is in the code, and leads somewhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator

import pytest

import unmask.properties.laws
from docs.directives.callers import FEW, families_with, functions_with, laws_with, public, told
from docs.directives.names import REFERENCE, Name, named_by
from unmask.properties import LAWBOOK
from unmask.properties.subjects.processes.families import FAMILIES

#: By the law itself, by helpers of other modules, and by the table that a law is handed as a network.
LAWS = {
    "noise.posterior.posterior": "posterior_is_bayes_rule",
    "noise.forward.marginal_by_paths": "marginal_sums_over_all_paths",
    "likelihood.reverse.reverse_kernel": "reverse_is_the_definition",
    "likelihood.reverse.subs_denoiser": "loss_is_its_term_of_the_nelbo",
    "likelihood.elbo.nelbo_by_trajectories": "terms_add_up_to_the_nelbo",
    "likelihood.elbo.pointwise_term": "loss_is_its_term_of_the_nelbo",
    "likelihood.denoisers.posterior_denoiser": "the_bound_is_tight_at_the_truth",
    "d3pm.logistic_head.truncated_logistic": "the_head_is_the_truncated_logistic",
    "sedd.score_entropy.score_entropy": "score_entropy_is_its_formula",
    "masked.masked_language_model.weighted_mlm": "absorbing_diffusion_is_weighted_masked_language_modeling",
    "sampling.samplers.any_order_law": "one_by_one_is_any_order_autoregression",
    "gaussian.diffusion.bridge": "gaussian_bridge_is_bayes_rule",
    "limits.reflected_brownian.cdf_by_images": "a_walk_becomes_heat_conduction",
    "programs.remasking.remasking_kernel": "masks_become_what_is_predicted",
    "numbers.divergences.generalized_kl": "loss_is_the_divergence_of_its_own_rates",
}


@pytest.mark.parametrize("function", LAWS)
def test_a_function_leads_to_the_law_that_compares_with_it(function: str) -> None:
    assert LAWS[function] in laws_with()[function]
    assert f"(#law-{LAWS[function]})" in "".join(told(function))


def test_laws_that_compute_something_else_are_left_out() -> None:
    assert "posterior_is_bayes_rule" not in laws_with()["noise.forward.marginal_by_paths"]
    assert laws_with()["programs.guidance.guided"] == ["guidance_is_a_ratio_of_powers"]
    # It asks the method for its posterior, and compares with no other.
    assert "posterior_is_a_distribution" not in laws_with()["noise.posterior.posterior"]
    # How claims are judged is the same for all laws.
    assert "posterior_is_bayes_rule" not in laws_with()["numbers.arithmetic.common"]


def imported() -> Iterator[str]:
    """Functions of the reference that modules of laws import by their own names."""
    for info in pkgutil.walk_packages(unmask.properties.laws.__path__, "unmask.properties.laws."):
        module = importlib.import_module(info.name)
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(REFERENCE):
                for value in (getattr(module, alias.asname or alias.name) for alias in node.names):
                    home = getattr(value, "__module__", "")
                    name = f"{home.removeprefix(REFERENCE)}.{getattr(value, '__name__', '')}"
                    if name in public():
                        yield name


def test_nothing_that_laws_import_is_lost() -> None:
    assert sorted(set(imported()) - set(laws_with())) == []


def test_links_lead_to_laws_and_functions() -> None:
    shown = {name: "".join(told(name)) for name in public()}
    laws = {law for text in shown.values() for law in re.findall(r"\(#law-(\w+)\)", text)}
    functions = {name for text in shown.values() for name in re.findall(rf"<{re.escape(REFERENCE)}([\w.]+)>", text)}
    assert len(laws) > 200
    assert laws <= set(LAWBOOK.names())
    assert functions <= set(public())
    families = {kind for kinds in families_with().values() for kind in kinds}
    assert {"absorbing", "uniform", "birth-death"} <= families <= set(FAMILIES)


def test_many_are_folded_up() -> None:
    name, laws = max(laws_with().items(), key=lambda pair: len(pair[1]))
    text = "\n".join(told(name))
    assert f"and {len(laws) - FEW} more</summary>" in text
    before, _, inside = text.partition("<details>")
    assert [before.count("#law-"), inside.count("#law-")] == [FEW, len(laws) - FEW]
    assert "<details>" not in "".join(told("programs.guidance.guided"))


def test_what_no_law_reaches_says_what_uses_it() -> None:
    assert "noise.posterior.posterior_table" not in laws_with()
    assert "noise.posterior.posterior" in functions_with()["noise.posterior.posterior_table"]
    assert "<unmask.reference.noise.posterior.posterior>" in "".join(told("noise.posterior.posterior_table"))
    assert families_with()["noise.transition_matrices.absorbing"] == ["absorbing"]
    assert "`absorbing`" in "".join(told("noise.transition_matrices.absorbing"))
    assert told("noise.schedules.cosine") == ["", "Laws ask about processes made with it.", ""]
    assert told("smoothness.symmetries.reflection") == []


def test_names_are_those_of_the_module_and_not_of_variables() -> None:
    """The second law has a parameter ``posterior``, and so has the function of the reference its name."""
    module = "unmask.properties.laws.noise.posteriors"
    posterior = Name(f"{REFERENCE}noise.posterior", "posterior")
    assert posterior in named_by(Name(module, "posterior_is_bayes_rule"))
    assert posterior not in named_by(Name(module, "joint_has_two_factorizations"))


def test_what_is_handed_over_is_named_by_its_annotation() -> None:
    tables = "unmask.properties.subjects.tables.classes"
    law = Name("unmask.properties.laws.likelihood.elbo", "loss_is_its_term_of_the_nelbo")
    assert {Name(tables, "Model.predicted"), Name(tables, "Model.barring")} <= set(named_by(law))
    assert Name(tables, "Model") not in named_by(law)
