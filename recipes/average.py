"""Average the weights of two runs of which one went on from the other: often better than either.

    python recipes/average.py FIRST.safetensors SECOND.safetensors OUT.safetensors
"""

import sys
from pathlib import Path

from amodal_sam.modeling.weights import from_pretrained, save_model


def main() -> None:
    if len(sys.argv) != 4:
        raise SystemExit(__doc__.strip())
    first, second = (from_pretrained(path) for path in sys.argv[1:3])
    if first.config != second.config:
        raise SystemExit("the two models differ in their configuration: average runs of one model")
    mean, other = first.state_dict(), second.state_dict()
    for name, value in mean.items():
        if value.is_floating_point():
            value.add_(other[name]).div_(2)
    save_model(first, Path(sys.argv[3]), half=True)


if __name__ == "__main__":
    main()
