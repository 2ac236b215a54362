"""Everything that is held against the laws: the reference in exact numbers, and the built-in implementations."""

from tests.methods.autoregression import AUTOREGRESSION
from tests.methods.autoregression import REFERENCE as EXACT_AUTOREGRESSION
from tests.methods.chains import ALL as CHAINS
from tests.methods.chains import GENERAL
from tests.methods.cold import IMPLEMENTATIONS as COLD
from tests.methods.cold import REFERENCE as EXACT_COLD
from tests.methods.d3pm import (
    D3PM_ABSORBING,
    D3PM_CONTINUOUS,
    D3PM_DIRECT,
    D3PM_MASK_AND_UNIFORM,
    D3PM_MIXTURE,
    D3PM_UNIFORM,
    MIXTURE_CONTINUOUS,
)
from tests.methods.embeddings import EMBEDDINGS
from tests.methods.embeddings import REFERENCE as EXACT_EMBEDDINGS
from tests.methods.flow import FLOW, FLOW_CORRECTED, REMDM
from tests.methods.gaussian import ALL as GAUSSIAN
from tests.methods.gaussian_reference import ALL as GAUSSIAN_REFERENCE
from tests.methods.mdlm import GENMD4, GENMD4_DISCRETE, MDLM, MDLM_DISCRETE
from tests.methods.reference import ALL as REFERENCE
from tests.methods.sedd import SEDD_ABSORB, SEDD_EULER, SEDD_UNIFORM
from tests.programs.right.built_in import VERIFIED
from tests.programs.right.built_in_samplers import VERIFIED as SAMPLERS
from tests.programs.trainers import PROGRAMS

IMPLEMENTATIONS = [
    D3PM_UNIFORM,
    D3PM_ABSORBING,
    D3PM_MASK_AND_UNIFORM,
    D3PM_DIRECT,
    D3PM_MIXTURE,
    D3PM_CONTINUOUS,
    MIXTURE_CONTINUOUS,
    SEDD_UNIFORM,
    SEDD_ABSORB,
    SEDD_EULER,
    MDLM,
    MDLM_DISCRETE,
    GENMD4,
    GENMD4_DISCRETE,
    FLOW,
    FLOW_CORRECTED,
    REMDM,
    *CHAINS,
    *GAUSSIAN,
    *COLD,
    AUTOREGRESSION,
    EMBEDDINGS,
    *VERIFIED,
    *SAMPLERS,
]
#: Whose mutants the laws should notice: all that computes with tensors.
IN_TORCH = [*IMPLEMENTATIONS, *GENERAL, *PROGRAMS]
EXACT = [*REFERENCE, *GAUSSIAN_REFERENCE, EXACT_COLD, EXACT_AUTOREGRESSION, EXACT_EMBEDDINGS]
ALL = [*EXACT, *IN_TORCH]
