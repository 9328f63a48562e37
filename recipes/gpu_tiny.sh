#!/usr/bin/env bash
# Train tiny from a pack on whatever this machine has, and leave weights, log and validation in one folder.
#   bash recipes/gpu_tiny.sh PACK OUT MINUTES [START]
# Installs nothing: says what is missing instead. A second call with the same words goes on.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
pack=$1 out=$2 minutes=$3 start=${4:-}
cd "$(dirname "$0")/.."
python=${PYTHON:-python}
$python - <<'CHECK'
import importlib.util, sys
needed = ("torch", "segment_anything", "accelerate", "cv2", "pycocotools", "safetensors", "fastcore", "tqdm")
missing = [name for name in needed if importlib.util.find_spec(name) is None]
sys.exit(f"missing: {', '.join(missing)}" if missing else 0)
CHECK
cores=$(nproc)
workers=${WORKERS:-$(( cores > 2 ? cores - 2 : 1 ))}
batch=${BATCH:-$($python -c "import torch; print(96 if torch.cuda.is_available() else 12)")}
mkdir -p "$out"
export OMP_NUM_THREADS=1 PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
$python recipes/gpu_tiny.py --pack "$pack" --out "$out" --minutes "$minutes" --batch "$batch" \
    --workers "$workers" ${start:+--start "$start"} 2>&1 | tee -a "$out/gpu_tiny.log"
ls -l "$out/tiny.safetensors" "$out/summary.json"
