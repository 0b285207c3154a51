"""PNG files that say in themselves that a model drew them, and with what.

The mark is the IPTC digital source type in XMP, which the EU AI Act's duty to mark is met with; prompt, seed and settings
stand beside it as A1111's text. The site marks its own pictures in the same words (``registry.pictures.marks``), which knows no engine.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, PngImagePlugin

_XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
    "<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    "</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
)


def save_drawn(image: Image.Image, path: Path, *, prompt: str, seed: int, steps: int, guidance_scale: float) -> None:
    """Write a picture that a base model drew, with its mark and what it was drawn with."""
    about = PngImagePlugin.PngInfo()
    about.add_itxt("XML:com.adobe.xmp", _XMP)
    size = f"{image.width}x{image.height}"
    about.add_text(
        "parameters",
        f"{prompt}\nSteps: {steps}, CFG scale: {guidance_scale:g}, Seed: {seed}, Size: {size}",
    )
    image.save(path, "PNG", pnginfo=about)
