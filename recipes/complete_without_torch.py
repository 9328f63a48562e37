"""Complete an object without torch: numpy, Pillow and onnxruntime.

    amodal-sam export onnx -o tiny.onnx
    python recipes/complete_without_torch.py tiny.onnx photo.jpg 173 18 409 308 whole.png
"""

import sys

import numpy as np
import onnxruntime
from PIL import Image

model, photo, *box, out = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
size = int(session.get_modelmeta().custom_metadata_map["size"])
image, box = Image.open(photo).convert("RGB"), np.array(box, dtype=float)

# The square that the model sees: 1.3 times the longer side of the box, grey beyond the photograph.
side = round(1.3 * (box[2:] - box[:2]).max())
corner = np.rint((box[:2] + box[2:]) / 2 - side / 2).astype(int)
square = Image.new("RGB", (side, side), (127, 127, 127))
square.paste(image, tuple(int(value) for value in -corner))
crop = np.array(square.resize((size, size), Image.BOX if side > size else Image.BILINEAR))
inside = (box - np.tile(corner, 2)) * size / side

asked = {"crops": crop[None], "boxes": inside[None].astype(np.float32)}
whole, visible, score = session.run(["whole", "visible", "score"], asked)


def bring_back(logits: np.ndarray) -> np.ndarray:
    "Logits of the square as a mask of the photograph."
    large = Image.fromarray(logits).resize((side, side), Image.BILINEAR)
    mask = Image.new("L", image.size)
    mask.paste(Image.fromarray(np.uint8(255) * (np.array(large) > 0)), tuple(int(value) for value in corner))
    return np.array(mask)


amodal = bring_back(whole[0])
hidden = amodal & ~bring_back(visible[0])
Image.fromarray(amodal).save(out)
print(f"score {score[0]:.2f}, {100 * (hidden > 0).sum() / max(1, (amodal > 0).sum()):.0f} % hidden")
