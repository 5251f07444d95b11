"""`python -m tests.bench.seal_times`: how long the gateway takes to refuse a seal, by what is wrong with it.

A distribution, not a sample, and asserted nowhere: that the work is the same is what a test of the gateway proves.
"""

import random
import statistics
import time

from cryptography.hazmat.primitives.asymmetric import rsa

from signet_gateway.adapters.outbound.seal_opener import open_seal
from signet_gateway.application.key_ring import KeyRing
from signet_gateway.application.ports import SealedPart
from signet_protocol import sealing

TRIALS = 300


def cases() -> tuple[KeyRing, dict[str, SealedPart]]:
    """A ring of one key, and a seal for each thing that can be wrong."""
    key, stranger = (rsa.generate_private_key(65537, sealing.LEAST_KEY_BITS) for _ in range(2))
    ring = KeyRing().rotated(key, 0, wait=0, overlap=0)
    key_id, content_key = ring.keys[0].key_id, sealing.new_content_key()
    wrapped = sealing.wrap(key.public_key(), content_key)
    sealed = sealing.seal_request(content_key, b"x" * 200, b"bound")
    return ring, {
        "unknown key id": SealedPart("unknown", wrapped, sealed, b"bound"),
        "wrapped for another": SealedPart(key_id, sealing.wrap(stranger.public_key(), content_key), sealed, b"bound"),
        "wrong size": SealedPart(key_id, "A" * 342, sealed, b"bound"),
        "above the modulus": SealedPart(key_id, "_" * 512, sealed, b"bound"),
        "wrong binding": SealedPart(key_id, wrapped, sealed, b"other"),
        "cut tag": SealedPart(key_id, wrapped, sealed[:-4], b"bound"),
    }


def main() -> None:
    """Print the quartiles in milliseconds; the cases take turns in random order, so that they share all noise."""
    ring, parts = cases()
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(TRIALS):
        for name in random.sample(list(parts), len(parts)):
            started = time.perf_counter()
            open_seal(ring, 1, parts[name])
            taken[name].append((time.perf_counter() - started) * 1000)
    for name, times in taken.items():
        low, middle, high = statistics.quantiles(times, n=4)
        print(f"{name:<20} p25 {low:.3f}  p50 {middle:.3f}  p75 {high:.3f}")


if __name__ == "__main__":
    main()
