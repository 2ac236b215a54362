"""What programs may offer: code that calls a network to train, to evaluate, to sample."""

from __future__ import annotations

from typing import Protocol

from unmask.properties.subjects.shapes import (
    Flags,
    Generator,
    Ids,
    Number,
    PerClass,
    PerRow,
    Recorder,
    Times,
    Total,
    Trajectory,
)


class Programs(Protocol):
    """Code that calls a network of masked diffusion, for the absorbing process ``p`` in continuous time.

    The conventions; arguments come by keyword:

    * sequences are ``int64`` tensors ``[N, L]``; ``K`` counts the mask, whose id is ``p.mask``;
    * ``counted``, bool ``[N, L]``, says which positions are noised, paid for or filled in.  All others, such as a
      prompt or padding, are not, and in a row there may be none that count;
    * ``network`` is a module, called as ``network(ids)`` or ``network(ids, t)``, also with the keywords ``input_ids``,
      ``timesteps`` and others; it returns logits ``[n, L, K]`` in float32 for any ``ids [n, L]``, differs from
      sequence to sequence, and records each call (see
      :class:`~unmask.properties.subjects.tables.recording.RecordingNetwork`);
    * noise masks a position at time ``t`` with probability ``1 - p.alpha(t)``, which is ``t`` where the schedule is
      linear;
    * all that is random comes from ``generator``; code that draws from the global state wraps itself in
      :func:`~unmask.properties.seeded`;
    * losses and bounds are in nats.
    """

    def objective(self, network: Recorder, x0: Ids, counted: Flags, generator: Generator) -> Total:
        """The training loss that ``backward`` is called on, with times and masks that it draws itself."""
        ...

    def bound(self, network: Recorder, x0: Ids, counted: Flags, generator: Generator) -> PerRow:
        """An estimate of ``-log p(x_0)`` over the counted positions, given the others, from above, in nats a row."""
        ...

    def perplexity(self, network: Recorder, x0: Ids, counted: Flags, generator: Generator) -> Total:
        """``exp`` of the estimated bound of all rows together, over the number of positions that count: one number."""
        ...

    def sample(self, network: Recorder, x: Ids, counted: Flags, generator: Generator) -> Ids:
        """Sequences in which the masks of ``x`` are filled in; ``counted`` positions are masked at the start."""
        ...

    def trajectory_log_probability(self, network: Recorder, states: Trajectory, counted: Flags) -> PerRow:
        """The log-probability that ``sample`` goes through these states, from the first to the last, in nats a row.

        ``states`` are ids ``[N, S + 1, L]``: of each row the sequence before every step, and the last one.
        """
        ...

    def guide(self, conditional: PerClass, unconditional: PerClass, weight: Number) -> PerClass:
        """Logits of the guided law ``p_c^{1 + weight} p_u^{-weight}``, normalized over the classes but the mask.

        What is given are logits; those of the mask may be ``-inf``.  What comes back may lack a constant in each
        position, and the mask's own logit may be anything but NaN.
        """
        ...

    def guide_by_classifier(self, unconditional: PerClass, classifier: PerClass, strength: Number) -> PerClass:
        """Logits of the guided law ``p_u p(y|·)^strength`` over the classes but the mask.

        ``classifier`` is ``log p(y|x)`` where the position holds each class, and may be anything for the mask.
        """
        ...

    def remask(self, prediction: PerClass, xt: Ids, s: Times, t: Times) -> PerClass:
        """The kernel ``p(x_s|x_t)`` of a sampler that may mask again, for a prediction ``p(x_0|x_t)`` of sum one."""
        ...


__all__ = ["Programs"]
