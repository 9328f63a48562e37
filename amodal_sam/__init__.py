"""The whole object of a picture, also what is hidden."""
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["AmodalPredictor", "AmodalVideoPredictor", "Prediction", "score"]

if TYPE_CHECKING:
    from .evaluation.score import score
    from .predict import AmodalPredictor, Prediction
    from .video.predictor import AmodalVideoPredictor


def __getattr__(name: str):
    "Load what a user calls, and torch with it, when it is first asked for."
    if name == "AmodalVideoPredictor":
        from .video.predictor import AmodalVideoPredictor
        return AmodalVideoPredictor
    if name == "score":
        from .evaluation.score import score
        return score
    if name in __all__:
        from . import predict
        return getattr(predict, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
