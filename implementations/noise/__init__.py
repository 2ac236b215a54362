"""Noise: corruption processes in closed form.

* `schedules`: continuous time, without cancellation;
* `grid`: the discrete clock;
* `chain`: base of processes with known transition probabilities;
* `interpolating`: keep the class or redraw it: uniform, absorbing, mask-and-uniform;
* `drifting_prior`: the same with a prior that changes from step to step;
* `masks_and_bump`: masks with a bump of uniform noise, a prior that moves in continuous time;
* `driven`: jumps of one rate matrix, at the speed of a schedule;
* `neighbors`: a graph of nearest neighbors in an embedding space;
* `state_dependent`: masking with a schedule for each class;
* `with_mask`: any of them with a mask added;
* `tabulated`: any one-step matrices;
* `levels`: ordered levels;
* `information_schedule`: the mutual-information schedule for any noise.
"""
