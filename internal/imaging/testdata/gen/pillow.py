"""Records what Pillow 12.3.0 makes of pictures in other sizes and orientations: ../pillow.json.

The picture is 31 wide and 17 high; its colours are worked out by the test in the same way."""
import base64
import io
import json
from pathlib import Path

from PIL import Image, ImageOps

here = Path(__file__).resolve().parent.parent
w, h = 31, 17
pixels = bytes((x * x * 7 + y * 37 + c * 91 + x * y * (c + 3)) % 256 for y in range(h) for x in range(w) for c in range(3))
picture = Image.frombytes("RGB", (w, h), pixels)

scaled = []
for size in (31, 17), (62, 34), (40, 23), (16, 9), (5, 30), (60, 3), (1, 1), (7, 7):
    out = picture.resize(size, Image.Resampling.BILINEAR)
    scaled.append({"width": size[0], "height": size[1], "pixels": base64.b64encode(out.tobytes()).decode()})

turned = []
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    picture.save(file, "PNG", exif=exif)
    out = ImageOps.exif_transpose(Image.open(io.BytesIO(file.getvalue()))).convert("RGB").resize((6, 5), Image.Resampling.BILINEAR)
    turned.append({"file": base64.b64encode(file.getvalue()).decode(), "width": 6, "height": 5, "pixels": base64.b64encode(out.tobytes()).decode()})

(here / "pillow.json").write_text(json.dumps({"scaled": scaled, "turned": turned}, indent=1) + "\n")
