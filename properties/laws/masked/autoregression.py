"""Autoregression as a diffusion that masks one token a step, from the right."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close, exact, independent, sampled
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, Watched, floats, until_one_fails
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.masked import autoregression as reference
from unmask.reference.masked.masked_language_model import predict_from_table
from unmask.reference.noise import forward, posterior
from unmask.reference.numbers import sequences

CHAPTER = "Masked diffusion"
#: Draws of one step for each noisy sequence, in how many calls, and of whole sequences.
STEP_DRAWS, CALLS, SEQUENCES = 2000, 2, 6000
#: Rows and positions of long texts, and the number of different laws that positions have.
ROWS, LONG, KINDS = 40, 260, 3
#: Rows and positions of a text that is written token by token.
SHORT_ROWS, SHORT = 200, 37


def _read(p: Vocabulary, model: Model) -> Any:
    """The table as a masked language model: its prediction at masks, with carry-over of visible tokens."""
    assert p.mask is not None
    return predict_from_table(model.predicted_table(0), p.K, p.mask)


def _noisy(p: Vocabulary, x0: Array, t: int) -> Array:
    """Clean rows ``[N, L]`` with their last ``t`` tokens masked."""
    assert p.mask is not None
    return np.stack([reference.masked_from_the_right(x, t, p.mask) for x in x0])


def _of_its_position(table: Array, L: int, K: int) -> Array:
    """Laws of tagged tokens, ``[..., L, L K]``, at the classes that have the position's own tag: ``[..., L, K]``."""
    return np.stack([table[..., i, i * K : (i + 1) * K] for i in range(L)], axis=-2)


@law(
    chapter=CHAPTER,
    tex=r"\sum_{t=1}^{L} \ell(x_0, x_t, t) = L_{vb} = \sum_{i=1}^{L} -\log p_\theta\left(x_0^i | x_0^1, \ldots, x_0^{i-1}\right)",
    cites="Austin et al. 2021, sec. 4 (autoregression)",
    mutants=("next-token-loss-one-position-late", "next-token-loss-lets-the-mask-compete"),
    about=About(kind="autoregression"),
)
def autoregression_is_a_diffusion(next_token_loss: Any, p: Vocabulary, x0: Array, model: Model) -> list[Claim]:
    """Masking one token a step, from the right: the NELBO of this D3PM is the cross-entropy of the next tokens"""
    model = model.frozen()
    assert p.mask is not None
    L, mask = model.L, p.mask
    predict = _read(p, model)
    found: Any = 0
    for t in range(1, L + 1):
        xt = _noisy(p, x0, t)
        found = found + next_token_loss(p, model.output(xt, 0), x0, xt, [t] * len(x0))
    bound = np.array([reference.nelbo(predict, x, p.K, mask) for x in x0])
    surprise = np.array([reference.autoregressive_nll(predict, x) for x in x0])
    names, ops, scale = (("x0", x0),), 4 * p.K * L + 8, 1 + np.abs(floats(surprise))
    return [
        close(found, bound, ops=ops, scale=scale, names=names, label="the variational bound"),
        close(found, surprise, ops=ops, scale=scale, names=names, label="the cross-entropy of the next tokens"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_{t-1}|x_t) = p_\theta\left(x^{L-t} | x_t\right) \prod_{i \ne L-t} \delta_{x_t^i}",
    cites="Austin et al. 2021, sec. 4 (tagged tokens) and eq. 4",
    mutants=("next-token-reverse-from-the-left",),
    about=About(kind="autoregression"),
    drawn=Drawn(L=2),
)
def autoregression_reveals_one_token_a_step(next_token_reverse: Any, p: Vocabulary, x0: Array, model: Model) -> Claim:
    """Autoregression's reverse step is that of the D3PM over position-tagged tokens: one token is drawn, all others stay"""
    model = model.frozen()
    assert p.mask is not None
    L, mask, many = model.L, p.mask, p.K * model.L
    kernel = reference.tagged_kernel(_read(p, model), L, p.K, mask)
    found, truth = [], []
    for t in range(1, L + 1):
        xt = np.unique(_noisy(p, x0, t), axis=0)
        times = [[u] * len(xt) for u in (t - 1, t)]
        found.append(next_token_reverse(p, model.output(xt, 0), xt, *times))
        rows = kernel(t - 1, t)[sequences.sequence_index(reference.tagged(xt, p.K), many)]
        truth.append(_of_its_position(rows, L, p.K))
    return close(np.concatenate(found), np.concatenate(truth), ops=2 * p.K + 8, names=("row", "position", "x_s"))


@law(
    chapter=CHAPTER,
    tex=r"x_t = \left(x_0^1, \ldots, x_0^{L-t}, m, \ldots, m\right)",
    cites="Austin et al. 2021, sec. 4 (autoregression)",
    mutants=("next-token-noise-from-the-left",),
    about=About(kind="autoregression"),
)
def autoregression_masks_from_the_right(next_token_noisy: Any, p: Vocabulary, x0: Array) -> Claim:
    """At time t the last t tokens are masked, for certain, and all others are those of the data"""
    L = x0.shape[1]
    times = np.arange(L + 1).repeat(len(x0))
    every = np.concatenate([x0] * (L + 1))
    truth = np.concatenate([_noisy(p, x0, t) for t in range(L + 1)])
    return exact(next_token_noisy(p, every, times.tolist()), truth, names=("row", "position"))


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) = \prod_i e_{(i,\, x_0^i)}^\top \bar Q_t",
    cites="Austin et al. 2021, sec. 4 (tagged tokens) and eq. 3 (marginal)",
    mutants=("next-token-marginal-one-step-late",),
    about=About(kind="autoregression"),
)
def autoregression_is_noise_on_tagged_tokens(next_token_marginal: Any, p: Vocabulary, x0: Array) -> Claim:
    """The marginals of autoregression are those of the D3PM whose tokens carry their positions, and whose steps mask one position"""
    assert p.mask is not None
    L = x0.shape[1]
    process = reference.tagged_process(L, p.K, p.mask)
    times = range(L + 1)
    truth = [_of_its_position(forward.marginal(process, reference.tagged(x0, p.K), t), L, p.K) for t in times]
    found = [next_token_marginal(p, x0, [t] * len(x0)) for t in times]
    names = (("t", [f"t = {t}" for t in times]), "row", "position", "x_t")
    return exact(np.stack(found), np.stack(truth), names=names)


@law(
    chapter=CHAPTER,
    tex=r"q(x_s|x_t, x_0) = \delta_{x_s(x_0)}",
    cites="Austin et al. 2021, sec. 4 (tagged tokens) and eq. 3 (posterior)",
    mutants=("next-token-posterior-at-the-later-time",),
    about=About(kind="autoregression"),
)
def autoregression_posterior_is_certain(next_token_posterior: Any, p: Vocabulary, x0: Array) -> Claim:
    """The posterior of autoregression is Bayes' rule on tagged tokens: all of it on the data with its last s tokens masked"""
    assert p.mask is not None
    L = x0.shape[1]
    process = reference.tagged_process(L, p.K, p.mask)
    found, truth, texts = [], [], []
    for t in range(1, L + 1):
        xt = _noisy(p, x0, t)
        tagged = reference.tagged(x0, p.K), reference.tagged(xt, p.K)
        for s in range(t):
            found.append(next_token_posterior(p, x0, xt, [s] * len(x0), [t] * len(x0)))
            truth.append(_of_its_position(posterior.posterior(process, *tagged, s, t), L, p.K))
            texts.append(f"t = {t} to {s}")
    return exact(np.stack(found), np.stack(truth), names=(("step", texts), "row", "position", "x_s"))


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{KL}\left(q(x_L|x_0) \,\|\, \delta_{(m, \ldots, m)}\right) = 0",
    cites="Austin et al. 2021, sec. 4 (autoregression)",
    mutants=("next-token-prior-does-not-know-positions",),
    about=About(kind="autoregression"),
)
def autoregression_has_no_prior_term(next_token_prior_kl: Any, p: Vocabulary, x0: Array) -> Claim:
    """After L steps nothing but masks is left: the prior's term of autoregression is zero"""
    return exact(next_token_prior_kl(p, x0), np.zeros(len(x0)), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\tilde p(x_0^i|x_t) = \delta_{x_t^i} \ (x_t^i \ne m), \qquad \tilde p(m|x_t) = 0",
    cites="Austin et al. 2021, sec. 4 (autoregression); Sahoo et al. 2024, sec. 3.2.3 (zero masking probabilities) and 3.2.3 (carry-over unmasking)",
    mutants=("next-token-denoiser-forgets-what-it-sees",),
    about=About(kind="autoregression"),
)
def autoregression_predicts_masked_tokens_only(
    next_token_denoise: Any, p: Vocabulary, x0: Array, model: Model
) -> Claim:
    """The denoiser of autoregression is certain of visible tokens, and gives the mask no probability"""
    model = model.frozen()
    found, truth = [], []
    for t in range(1, model.L + 1):
        xt = _noisy(p, x0, t)
        found.append(next_token_denoise(p, model.output(xt, 0), xt, [t] * len(xt)))
        truth.append(model.predicted(xt, 0))
    return close(np.concatenate(found), np.concatenate(truth), ops=2 * p.K + 8, names=("row", "position", "x_0"))


@law(
    chapter=CHAPTER,
    tex=r"x_s \sim \prod_i p_\theta(x_s^i|x_t)",
    cites="Austin et al. 2021, sec. 3 and 4 (autoregression)",
    mutants=(
        "next-token-step-takes-the-likeliest",
        "next-token-step-repeats-its-noise",
        "next-token-step-shares-its-noise-over-positions",
    ),
    about=About(kind="autoregression"),
    drawn=Drawn(floating=True, K=3, cost=2),
)
def autoregression_draws_what_it_reveals(
    next_token_step: Any, p: Vocabulary, x0: Array, model: Model, seed: int
) -> list[Claim]:
    """A step of autoregression from t to s draws positions L − t to L − s − 1 from the prediction, and keeps all others"""
    model = model.frozen()
    assert p.mask is not None
    rng = np.random.default_rng([seed, 17])
    # Rows are at several times, neighboring ones at different ones, and lead to time 0, or to where masks are left.
    late = int(rng.integers(1, model.L + 1))
    groups = []
    for t in dict.fromkeys((late, late % model.L + 1)):
        every = np.unique(_noisy(p, x0, t), axis=0)
        few = every[rng.permutation(len(every))[:2]]
        groups += [(x, s, t) for s in sorted({0, t - 1}) for x in few]
    xt, (until, times) = np.stack([x for x, _, _ in groups]), ([g[i] for g in groups] for i in (1, 2))
    output = model.output(xt, 0)
    predicted = floats(model.predicted(xt, 0))
    kernel = np.concatenate(
        [
            floats(reference.reverse_kernel(predicted[g : g + 1], x[None], s, t, p.mask))
            for g, (x, s, t) in enumerate(groups)
        ]
    )
    G, copies = len(groups), STEP_DRAWS // CALLS
    turn = np.arange(G * copies) % G
    steps = [[each[g] for g in turn.tolist()] for each in (until, times)]
    calls = np.stack([next_token_step(p, output[turn], xt[turn], *steps, seed + call) for call in range(CALLS)])
    found = np.moveaxis(calls.reshape(CALLS, copies, G, model.L), 2, 0).reshape(G, -1, model.L)
    counts = np.stack([[np.bincount(row[:, i], minlength=p.K) for i in range(model.L)] for row in found])
    texts = ("step", [f"x_t = {tuple(x.tolist())}, t = {t} to {s}" for x, s, t in groups])
    # The first token that is revealed, in each row.
    first = np.array([model.L - t for t in times])
    drawn = np.take_along_axis(calls, np.broadcast_to(first[turn][None, :, None], (*calls.shape[:2], 1)), -1)[..., 0]
    return [
        sampled(counts, kernel, ops=2 * p.K + 8, names=(texts, "position", "x_s"), label="each position", pooled=True),
        independent(
            drawn,
            kernel[np.arange(G), first],
            turn,
            ops=2 * p.K + 8,
            names=(texts,),
            label="rows and calls are independent",
        ),
        *_revealed_together(next_token_step, p, rng, seed),
    ]


def _revealed_together(next_token_step: Any, p: Vocabulary, rng: Any, seed: int) -> list[Claim]:
    """Claims that a step which reveals all of a long text draws each token by itself, from what is said of its position."""
    assert p.mask is not None
    L, several = LONG, rng.integers(-16, 17, (KINDS, p.K)) / 8
    kinds = rng.integers(0, KINDS, L)
    output = np.broadcast_to(several[kinds], (ROWS, L, p.K))
    xt = np.full((ROWS, L), p.mask)
    law_of = np.exp(several) * (np.arange(p.K) != p.mask)
    law_of = law_of / law_of.sum(-1, keepdims=True)
    found = next_token_step(p, output, xt, [0] * ROWS, [L] * ROWS, seed)
    counts = np.stack([np.bincount(found[:, kinds == kind].ravel(), minlength=p.K) for kind in range(KINDS)])
    near: Any = {"ops": 2 * p.K + 8}
    label = "tokens revealed together are independent"
    return until_one_fails(
        p,
        independent(found, law_of, kinds, places=("positions", "rows"), label=label, **near),
        sampled(counts, law_of, names=("kind of position", "x_s"), label=f"{L} tokens at once", **near),
    )


@law(
    chapter=CHAPTER,
    tex=r"x^{L-t} \sim p_\theta\left(\cdot \,\middle|\, x_\theta(x_t, t)\right), \qquad t = L, \ldots, 1",
    cites="Austin et al. 2021, sec. 4 (autoregression)",
    mutants=("next-token-samples-ask-one-step-late", "next-token-samples-copy-far-positions"),
    about=About(kind="autoregression"),
    drawn=Drawn(floating=True, K=3, cost=3),
)
def autoregression_asks_about_what_is_masked(
    next_token_generate: Any, p: Vocabulary, model: Model, seed: int
) -> list[Claim]:
    """Autoregression asks its network at time t about texts whose last t tokens are masked, and writes long ones token by token"""
    assert p.mask is not None
    L = SHORT
    network = Watched(_Alone(model))
    drawn = next_token_generate(p, network, SHORT_ROWS, L, seed)
    shown = [(x, int(u)) for x, u in network.shown if len(x)]
    asked = np.array([u for x, u in shown for _ in range(len(x))])
    masked = np.concatenate([(x == p.mask).sum(-1) for x, _ in shown]) if shown else asked
    texts = [f"next_token_generate: call {k}" for k, (x, _) in enumerate(shown) for _ in range(len(x))]
    last = [(x == p.mask) == (np.arange(L) >= L - (x == p.mask).sum(-1)[:, None]) for x, _ in shown]
    where = np.concatenate(last) if shown else np.ones((0, L), dtype=bool)
    law_of = network.network.laws
    kinds = np.arange(L) % KINDS
    counts = np.stack([np.bincount(column, minlength=p.K) for column in drawn.T])
    near: Any = {"ops": 2 * p.K + 8}
    return [
        exact(where, np.ones_like(where), names=("text", "position"), label="nothing is masked before what is visible"),
        exact(asked, masked, names=(("text", texts),), label="the time is the number of masks"),
        sampled(counts, law_of[kinds], names=("position", "class"), label="each position of a long text", **near),
        independent(drawn, law_of, kinds, places=("positions", "rows"), label="positions are independent", **near),
    ]


class _Alone:
    """A network that says of each position what its kind says, whatever else is visible."""

    timeless = False

    def __init__(self, model: Model) -> None:
        p = model.p
        assert p.mask is not None
        self.said = np.random.default_rng([model.seed, 97]).integers(-16, 17, (KINDS, p.K)) / 8
        weights = np.exp(self.said) * (np.arange(p.K) != p.mask)
        self.laws = weights / weights.sum(-1, keepdims=True)

    def output(self, xt: Array, t: Any) -> Array:
        """Logits, ``[n, L, K]``."""
        del t
        return np.broadcast_to(self.said[np.arange(xt.shape[1]) % KINDS], (*xt.shape, self.said.shape[-1]))


@law(
    chapter=CHAPTER,
    tex=r"x_0 \sim \prod_{i=1}^{L} p_\theta\left(x^i | x^1, \ldots, x^{i-1}\right)",
    cites="Austin et al. 2021, sec. 2 and 4 (autoregression)",
    mutants=("next-token-samples-from-one-look",),
    about=About(kind="autoregression"),
    drawn=Drawn(floating=True, K=3, L=2, cost=2),
)
def autoregression_writes_from_left_to_right(next_token_generate: Any, p: Vocabulary, model: Model, seed: int) -> Claim:
    """Samples of autoregression have the law that its bound is the likelihood of: each token given those before it"""
    model = model.frozen()
    predict = _read(p, model)
    every = sequences.all_sequences(model.L, p.clean)
    likelihood = np.exp([-float(reference.autoregressive_nll(predict, x)) for x in every])
    drawn = next_token_generate(p, model, SEQUENCES, model.L, seed)
    whole = np.bincount(sequences.sequence_index(drawn, p.K), minlength=p.K**model.L)
    place = sequences.sequence_index(every, p.K)
    counts = np.append(whole[place], SEQUENCES - whole[place].sum())
    names = ("all", ("sequence", [*map(str, every.tolist()), "any with a mask"]))
    return sampled(counts[None], np.append(likelihood, 0.0)[None], ops=model.L * (2 * p.K + 8), names=names)
