"""What a recipe may allow an artifact."""

import msgspec


class Tolerance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of a verdict. FP32 uses the first three; other precisions use the others.

    Raises `ValueError` where a limit makes no sense.
    """

    noise_factor: float = 8.0
    """FP32: how many times the reference's own error the artifact's may be. Correct engines reach 0.4 to 4
    (docs/parity.md)."""
    floor: float = 2e-6
    """FP32: relative error below which nothing fails, about 16 roundings of 2^-23: a reference that happens
    to be exact must not condemn a correct engine."""
    max_noise: float = 4e-3
    """Relative error of the reference against the oracle from which it is no reference at all: without this
    limit a wrong reference would let any artifact pass. The deepest model measured reaches 6e-4."""
    max_relative: float | None = None
    """FP16, INT8: largest error relative to the sample's largest value; in INT8 of the photos (`parity.counted`)."""
    min_top1_agreement: float | None = None
    """FP16, INT8: smallest share of samples with the reference's top-1 class, with its decision on each label, or with
    its nearest neighbour."""
    reason: str = ""
    """Why this model needs other limits than the usual ones; required where it does."""
    min_snr_db: float | None = None
    """INT8: smallest signal-to-noise ratio of the median sample, in decibels. Of each sample by itself: some have
    outputs that are hundreds of times larger than others', and would stand for all."""

    def __post_init__(self) -> None:
        if not self.noise_factor >= 1:
            raise ValueError(f"noise_factor = {self.noise_factor} would fail an engine as good as the reference")
        if not 0 < self.floor < self.max_noise < 1:
            raise ValueError(f"floor = {self.floor} and max_noise = {self.max_noise} must rise, between 0 and 1")
        if self.max_relative is not None and not 0 < self.max_relative < 1:
            raise ValueError(f"max_relative = {self.max_relative} is not between 0 and 1")
        if self.min_top1_agreement is not None and not 0 < self.min_top1_agreement <= 1:
            raise ValueError(f"min_top1_agreement = {self.min_top1_agreement} is not a share above 0")
        if self.min_snr_db is not None and not 0 < self.min_snr_db < 200:
            raise ValueError(f"min_snr_db = {self.min_snr_db} is not between 0 and 200")
        limits = {field.name: field.default for field in msgspec.structs.fields(self) if field.name != "reason"}
        changed = any(getattr(self, name) != default for name, default in limits.items())
        if changed and not self.reason.strip():
            raise ValueError("a tolerance other than the usual one needs a reason")
