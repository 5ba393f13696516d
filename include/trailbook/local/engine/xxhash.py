"""XxHash64, which Trino offers as a function and by which its hash maps order text."""

_A, _B, _C = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_D, _E = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MASK = 2**64 - 1


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(state: int, word: int) -> int:
    return _rotate((state + word * _B) & _MASK, 31) * _A & _MASK


def xxhash64(data: bytes) -> int:
    """Return the hash of bytes with seed 0, as an unsigned number."""
    at, size = 0, len(data)
    if size >= 32:
        states = [(_A + _B) & _MASK, _B, 0, -_A & _MASK]
        while at + 32 <= size:
            for i in range(4):
                states[i] = _round(states[i], int.from_bytes(data[at + 8 * i : at + 8 * i + 8], "little"))
            at += 32
        total = sum(_rotate(s, bits) for s, bits in zip(states, (1, 7, 12, 18), strict=True)) & _MASK
        for state in states:
            total = ((total ^ _round(0, state)) * _A + _D) & _MASK
    else:
        total = _E
    total = (total + size) & _MASK
    while at + 8 <= size:
        total = (_rotate(total ^ _round(0, int.from_bytes(data[at : at + 8], "little")), 27) * _A + _D) & _MASK
        at += 8
    if at + 4 <= size:
        total = (_rotate(total ^ (int.from_bytes(data[at : at + 4], "little") * _A & _MASK), 23) * _B + _C) & _MASK
        at += 4
    for byte in data[at:]:
        total = _rotate(total ^ (byte * _E & _MASK), 11) * _A & _MASK
    total = (total ^ (total >> 33)) * _B & _MASK
    total = (total ^ (total >> 29)) * _C & _MASK
    return total ^ (total >> 32)
