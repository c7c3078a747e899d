"""What a computation may hold in memory, and the refusal before it is exceeded."""

MEMORY_LIMIT = 8 * 2**30  # bytes, the default everywhere


def refuse_beyond_memory(entries, limit, name, remedy):
    """Raise MemoryError if that many float64 entries exceed the limit in bytes."""
    need = 8 * entries
    if need > limit:
        raise MemoryError(
            f"{name} would need about {need / 2**30:.3g} GiB, more than the limit of {limit / 2**30:.3g} GiB; {remedy}"
        )
