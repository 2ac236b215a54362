"""What the implementations refuse."""

from tests.bad_input.bad import Bad
from tests.bad_input.implementations.chains import bad_chains
from tests.bad_input.implementations.cold import bad_cold
from tests.bad_input.implementations.draws import bad_draws
from tests.bad_input.implementations.evaluation import bad_evaluation
from tests.bad_input.implementations.gaussian import bad_gaussians
from tests.bad_input.implementations.methods import bad_methods
from tests.bad_input.implementations.plans import bad_plans
from tests.bad_input.implementations.processes import bad_processes
from tests.bad_input.implementations.samplers import bad_extras
from tests.bad_input.implementations.schedules import bad_schedules
from tests.bad_input.implementations.smoothness import bad_smoothness

BAD: list[Bad] = [
    *bad_schedules(),
    *bad_processes(),
    *bad_chains(),
    *bad_methods(),
    *bad_draws(),
    *bad_extras(),
    *bad_gaussians(),
    *bad_smoothness(),
    *bad_cold(),
    *bad_evaluation(),
    *bad_plans(),
]
