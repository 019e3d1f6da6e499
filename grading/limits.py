"""What a submission may take of the machine that grades it: every limit, and its reason."""

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """The limits of one submission. Whatever goes beyond ends in a clear error, and in no mark."""

    # an exercise answers in milliseconds; most of this is the first import on a cold, busy machine
    step_seconds: float = 20.0  # wall clock of one cell, and of one call of an answer
    total_seconds: float = 90.0  # wall clock of all steps: two endless steps, and the others still
    start_seconds: float = 120.0  # until PyTorch is imported, from a cold disk
    cpu_seconds: int = 120  # of one process: what sleeps is stopped above, what computes also here
    # beyond what Python and PyTorch have mapped: a lesson's sheet takes under 1 GiB, so a list of a
    # million rows fits, and ten gigabytes do not
    memory_bytes: int = 2048 * MIB
    scratch_bytes: int = 64 * MIB  # of the only folder that can be written to, which is in memory
    open_files: int = 256  # imports need about 40
    answer_bytes: int = 4 * MIB  # of one answer: the longest right one is under 1 kB
    notebook_bytes: int = 5 * MIB  # of one submission: a sheet is under 10 kB
    printed_characters: int = 2000  # of a cell, in the feedback


LIMITS = Limits()
