"""The whole object of a picture, also what is hidden."""
from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["AmodalPredictor", "AmodalVideoPredictor", "Prediction", "Scene", "everything", "score"]

if TYPE_CHECKING:
    from .evaluation.score import score
    from .predict import AmodalPredictor, Prediction
    from .scene import Scene, everything
    from .video.predictor import AmodalVideoPredictor

_HOMES = {
    ".evaluation.score": {"score"},
    ".predict": {"AmodalPredictor", "Prediction"},
    ".scene": {"Scene", "everything"},
    ".video.predictor": {"AmodalVideoPredictor"},
}


def __getattr__(name: str):
    "Load what a user calls, and torch with it, when it is first asked for."
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home, __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
