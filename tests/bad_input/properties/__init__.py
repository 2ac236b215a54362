"""What the laws' own public functions refuse."""

from tests.bad_input.bad import Bad
from tests.bad_input.properties.descriptions import bad_descriptions
from tests.bad_input.properties.gaussians import bad_gaussians
from tests.bad_input.properties.laws import bad_laws
from tests.bad_input.properties.plans import bad_plans
from tests.bad_input.properties.profiles import bad_profiles
from tests.bad_input.properties.runs import bad_runs
from tests.bad_input.properties.subjects import bad_subjects

BAD: list[Bad] = [
    *bad_descriptions(),
    *bad_gaussians(),
    *bad_laws(),
    *bad_subjects(),
    *bad_runs(),
    *bad_profiles(),
    *bad_plans(),
]
