"""The whole object of a picture, also what is hidden."""
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["AmodalPredictor", "Prediction"]

if TYPE_CHECKING: from .predict import AmodalPredictor, Prediction


def __getattr__(name: str):
    "Load the predictor, and torch with it, when it is first asked for."
    if name not in __all__: raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import predict
    return getattr(predict, name)
