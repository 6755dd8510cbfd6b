"""Do the decisions agree? And if not, in words: which, and how far the oracle parts them."""

from edgekit.parity.tolerance import Tolerance
from edgekit.parity.verdict import Flip, LabelFlip, NeighbourFlip, OutputFigures, Precision


def disagreement(figures: OutputFigures, tolerance: Tolerance, precision: Precision) -> str | None:
    """Why an output's decisions fail, or None where they agree.

    FP32 allows no decision other than the reference's beyond its noise. FP16 and INT8 need a share that agrees, counted
    on the photos where there are some; of features, the cosine that `max_relative` allows too.
    """
    if precision == "fp32":
        flips = figures.disagreements
        return told_flip(max(flips, key=lambda one: one.gap), figures) if flips else None
    assert tolerance.min_top1_agreement is not None and tolerance.max_relative is not None
    what, share = counted(figures)
    if share is not None and share < tolerance.min_top1_agreement:
        return f"{what.format(f'{share:.1%}')}, less than {tolerance.min_top1_agreement:.1%}"
    # A vector that is off by a share e of its length turns by at most e: the cosine of that.
    least = (1 - tolerance.max_relative**2) ** 0.5
    if figures.kind == "features" and figures.against_oracle.cosine < least:
        return (
            f"turns a sample's vector to a cosine of {figures.against_oracle.cosine:.6f} with the oracle's, less than "
            f"{least:.6f} (what the recipe allows {precision.upper()})"
        )
    return None


def counted(figures: OutputFigures) -> tuple[str, float | None]:
    """The agreement that lower precisions are held to, and in words what it is, with a place for it."""
    where = "all samples" if figures.agreement_photos is None else "the photos"
    if figures.kind == "features":
        photos = figures.neighbour_agreement_photos
        share = figures.neighbour_agreement if photos is None else photos
        return f"has the reference's nearest neighbour in {{}} of {where}", share
    if figures.label_agreement is not None:
        return f"decides for a label as the reference does in {{}} of {where}", figures.lowest_label_agreement
    photos = figures.top1_agreement_photos
    share = figures.top1_agreement if photos is None else photos
    return f"decides for the reference's class in {{}} of {where}", share


def told_flip(flip: Flip | LabelFlip | NeighbourFlip, figures: OutputFigures) -> str:
    """What is decided otherwise, with the worst of it as an example."""
    count = len(figures.disagreements)
    noise = f"with a noise of {flip.noise:.2g}"
    if isinstance(flip, Flip):
        return (
            f"decides for another class in {count} of {figures.samples} samples, e.g. {flip.sample}: "
            f"{flip.artifact_class} instead of {flip.reference_class}, which the oracle parts by {flip.gap:.2g} {noise}"
        )
    if isinstance(flip, LabelFlip):
        how = "not given" if flip.in_reference else "given"
        return (
            f"decides otherwise on {count} of {figures.samples * figures.classes} labels, e.g. {flip.sample}: label "
            f"{flip.label} is {how}, which the oracle parts from the threshold by {flip.gap:.2g} in logits {noise}"
        )
    return (
        f"orders the neighbours of {count} of {figures.samples} samples otherwise, e.g. of {flip.sample}: "
        f"{flip.artifact_nearer} before {flip.reference_nearer}, which the oracle parts by {flip.gap:.2g} {noise}"
    )
