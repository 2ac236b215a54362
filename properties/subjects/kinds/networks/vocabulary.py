"""What a network may offer: its answers, asked in the ways in which trainers and samplers ask."""

from __future__ import annotations

from typing import Protocol

from unmask.properties.subjects.capability import undefined_in_places
from unmask.properties.subjects.shapes import Flags, Ids, Mask, PerClass, Sizes, Times


class Networks(Protocol):
    """A given network over the vocabulary ``p``, in evaluation mode, and the ways in which it is asked.

    The conventions; arguments come by keyword:

    * sequences are ``int64`` tensors ``[N, L]``, ``L`` at most ``p.L``; ``K`` counts the mask, whose id is ``p.mask``;
    * ``counted``, bool ``[N, L]``, is true everywhere but at padding, and somewhere in each row; prompts count;
    * answers are logits or log-probabilities ``[N, L, K]`` in ``p.dtype``, the answer at a position being the one that
      stands there; what stands at padding may be anything, a NaN as well;
    * two ways of asking the same give the same up to roundings, of which the network itself shows how far they reach:
      all its weights are moved by one rounding each, and its answers follow (or ``roundings=…``);
    * a network of which the last layer is all zeros answers the same whatever it is shown, and passes no law: it is
      asked with weights that are random everywhere.

    An adapter is an object that holds the module and asks it in the module's own words::

        class Mine:
            def __init__(self, p): self.module = Transformer(p.K, p.L).eval()
            def answers(self, ids, counted): return self.module(input_ids=ids, attention_mask=counted).logits
    """

    @undefined_in_places
    def answers(self, ids: Ids, counted: Flags) -> PerClass:
        """The answers to whole sequences.  A network that is shown the time may be shown a fixed one here."""
        ...

    @undefined_in_places
    def answers_at(self, ids: Ids, counted: Flags, t: Times) -> PerClass:
        """The answers of a network that is shown a time in (0, 1) for each row."""
        ...

    @undefined_in_places
    def answers_with_mask(self, ids: Ids, mask: Mask) -> PerClass:
        """The answers where the module is given a mask of another form for ``counted``.

        Of forms that the subject declares (``mask_forms``): ``"bool"``, true where a position counts; ``"int"``,
        ``int64``, 1 where it counts and 0 elsewhere; ``"additive"``, in ``p.dtype``, 0 where it counts and minus
        infinity, or the lowest number of the dtype, elsewhere.
        """
        ...

    @undefined_in_places
    def answers_in_pieces(self, ids: Ids, counted: Flags, pieces: Sizes) -> PerClass:
        """The answers where a sequence is shown piece by piece, each with a cache of those before it.

        ``pieces`` are the lengths of the pieces, whole blocks that sum to ``L``; the answers to all are concatenated.
        """
        ...

    @undefined_in_places
    def answers_while_denoising(self, noisy: Ids, clean: Ids, pieces: Sizes) -> PerClass:
        """The answers to the noisy pieces of a sequence, each with a cache of the *clean* pieces before it.

        As in sampling block by block: a piece is shown as it is in ``noisy``, which gives its answers, then as it is
        in ``clean``, which is kept for the pieces after it.  No position is padding.
        """
        ...

    @undefined_in_places
    def answers_in_training(self, noisy: Ids, clean: Ids) -> PerClass:
        """The answers at the noisy positions where training shows ``[noisy, clean]``, one after the other, at once.

        A block mask lets a noisy block see itself and the clean blocks before it.  No position is padding.
        """
        ...


__all__ = ["Networks"]
