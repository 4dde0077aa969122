"""A child process that keeps to the protocol until it is asked for a fault; run in place of the real one.

Its first argument is a folder where it counts how often it was started.
"""

import json
import os
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
starts = len(list(folder.glob("start-*")))
(folder / f"start-{starts}-{os.getpid()}").touch()

for row in sys.stdin.buffer:
    request = json.loads(row)
    if "model" in request:
        if "no-start" in request["model"]:
            print("the library is not for this processor", file=sys.stderr)
            sys.exit(3)
        if "second-start-fails" in request["model"] and starts:
            sys.exit(4)
        answer, data = {"piper": "1.4.2", "sample_rate": 8000}, b""
    else:
        text = request["text"]
        if "die always" in text or ("die once" in text and starts == 0):
            print("free(): invalid pointer", file=sys.stderr, flush=True)
            os._exit(134)
        if "hang" in text:
            time.sleep(3600)
        if "babble" in text:
            sys.stdout.buffer.write(b"this is no JSON\n")
            sys.stdout.buffer.flush()
            continue
        if "refuse" in text:
            answer, data = {"error": "ValueError: no such thing", "kind": "line"}, b""
        else:
            data = b"\0\0\0\x3f" * 800  # 0.5, 100 ms
            answer = {"bytes": 2 * len(data) if "half" in text else len(data), "phonemes": "a"}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + data)
    sys.stdout.buffer.flush()
    if "half" in request.get("text", ""):
        sys.exit(0)
