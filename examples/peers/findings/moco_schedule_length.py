"""bionemo-moco 0.0.2.2, schedules/inference_time_schedules.py, ``DiscreteLinearInferenceSchedule`` with ``dilation``.

Expected: ``nsteps`` times, as ``LinearInferenceSchedule`` has them. Found: ``nsteps`` is divided by ``dilation``, and
each time is repeated ``dilation + 1`` times.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

from bionemo.moco.schedules.inference_time_schedules import DiscreteLinearInferenceSchedule, LinearInferenceSchedule

for dilation in (0, 1, 2, 3):
    found = DiscreteLinearInferenceSchedule(nsteps=12, dilation=dilation).generate_schedule()
    beside = LinearInferenceSchedule(nsteps=12, dilation=dilation).generate_schedule()
    print(f"dilation {dilation}: expected 12 times (LinearInferenceSchedule: {len(beside)}), found {len(found)}: "
          f"{sorted(set(found.tolist()))}")
