"""Small files in the formats of microscopes, for tests of what reads them.

CZI is written by Zeiss' own library. LIF and ND2 are put together here, byte by byte, from what is published of
them (Leica Microsystems, "Image File Formats", version 3.2; the chunks that nd2 0.12 reads): no file of an
instrument is among the test data.
"""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np


def write_czi(
    path: Path, scenes: Sequence[np.ndarray], channels: Mapping[int, str], metres: Sequence[float]
) -> Path:
    """Scenes (t, z, c, y, x), or colours behind them, beside each other; `metres` are the voxel's x, y and z."""
    from pylibCZIrw import czi

    with czi.create_czi(str(path)) as document:
        for number, scene in enumerate(scenes):
            for t, z, c in np.ndindex(*scene.shape[:3]):
                plane = scene[t, z, c]
                data = plane[..., ::-1] if plane.ndim == 3 else plane[..., None]
                document.write(
                    np.ascontiguousarray(data),
                    plane={"T": t, "Z": z, "C": c},
                    scene=number,
                    location=(number * 1000, 0),
                )
        x, y, z_size = metres
        document.write_metadata("test", channel_names=dict(channels), scale_x=x, scale_y=y, scale_z=z_size)
    return path


def write_lif(
    path: Path, images: Mapping[str, np.ndarray], channels: Sequence[str], metres: Sequence[float]
) -> Path:
    """Images (c, z, y, x) of 8 or 16 bits; `metres` are the distances of planes, rows and columns."""
    elements, blocks = [], []
    for number, (name, values) in enumerate(images.items()):
        size = values.itemsize
        steps, increment = [], size
        for dimension, (length, step) in enumerate(zip(values.shape[:0:-1], metres[::-1], strict=True), start=1):
            steps.append(
                f'<DimensionDescription DimID="{dimension}" NumberOfElements="{length}" Origin="0" Unit="m" '
                f'Length="{step * (length - 1)}" BitInc="0" BytesInc="{increment}"/>'
            )
            increment *= length
        described = "".join(
            f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="{8 * size}" NameOfMeasuredQuantity="" '
            f'Min="0" Max="255" Unit="" LUTName={quoteattr(channel)} IsLUTInverted="0" '
            f'BytesInc="{place * increment}" BitInc="0"/>'
            for place, channel in enumerate(channels[: len(values)])
        )
        elements.append(
            f'<Element Name={quoteattr(name)} Visibility="1" CopyOption="1" UniqueID="u{number}"><Data><Image>'
            f"<ImageDescription><Channels>{described}</Channels><Dimensions>{''.join(steps)}</Dimensions>"
            '</ImageDescription><TimeStampList NumberOfTimeStamps="1">1d9e0c2a5b48000</TimeStampList>'
            "</Image></Data>"
            f'<Memory Size="{values.nbytes}" MemoryBlockID="MemBlock_{number}"/><Children/></Element>'
        )
        blocks.append((f"MemBlock_{number}", values.tobytes()))
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="test" Visibility="1" CopyOption="1" UniqueID="top">'
        '<Data><Experiment Path=""/></Data><Memory Size="0" MemoryBlockID="MemBlock_top"/>'
        f"<Children>{''.join(elements)}"
        "</Children></Element></LMSDataContainerHeader>"
    )
    text = xml.encode("utf-16-le")
    with path.open("wb") as file:
        file.write(struct.pack("<iIBI", 0x70, len(text) + 5, 0x2A, len(xml)) + text)
        for name, data in blocks:
            label = name.encode("utf-16-le")
            head = struct.pack("<BQBI", 0x2A, len(data), 0x2A, len(name)) + label
            file.write(struct.pack("<iI", 0x70, len(head)) + head + data)
    return path


def write_nd2(path: Path, values: np.ndarray, channels: Sequence[str], micrometres: Sequence[float]) -> Path:
    """A picture (z, y, x, c) of 16 bits, calibrated; `micrometres` are the distances of planes and of pixels."""
    planes, height, width, number = values.shape
    attributes = {
        "SLxImageAttributes": {
            "uiWidth": width, "uiWidthBytes": width * 2 * number, "uiHeight": height, "uiComp": number,
            "uiBpcInMemory": 16, "uiBpcSignificant": 16, "uiSequenceCount": planes, "uiTileWidth": width,
            "uiTileHeight": height, "eCompression": 2, "dCompressionParam": 0.0, "ePixelType": 1,
            "uiVirtualComponents": number,
        }
    }  # fmt: skip
    loop = {
        "SLxExperiment": {
            "eType": 4, "wsApplicationDesc": "", "uiLevelCount": 0,
            "uLoopPars": {"uiCount": planes, "dZStep": micrometres[0], "bAbsolute": False},
        }
    }  # fmt: skip
    named = {
        f"a{place}": {
            "sDescription": name,
            "uiColor": 0xFFFFFF,
            "uiCompCount": 1,
            "uiSampleIndex": place,
            "pFluorescentProbe": {"m_sName": name},
        }
        for place, name in enumerate(channels)
    }
    sequence = {
        "SLxPictureMetadata": {
            "dTimeAbsolute": 2461000.5, "dTimeMSec": 0.0, "dCalibration": micrometres[1], "bCalibrated": True,
            "dAspect": 1.0,
            "sPicturePlanes": {"uiCount": number, "uiCompCount": number, "sPlaneNew": named},
        }
    }  # fmt: skip
    chunks = [
        (b"ImageAttributesLV!", _lite(attributes)),
        (b"ImageMetadataLV!", _lite(loop)),
        (b"ImageMetadataSeqLV|0!", _lite(sequence)),
        (b"CustomData|AcqTimesCache!", struct.pack(f"<{planes}d", *range(planes))),
        *(
            (b"ImageDataSeq|%d!" % place, struct.pack("<d", 0.0) + values[place].tobytes())
            for place in range(planes)
        ),
    ]
    body, places = b"", []
    first = b"ND2 FILE SIGNATURE CHUNK NAME01!"
    body += struct.pack("<IIQ", 0x0ABECEDA, len(first), 64) + first + b"Ver3.0".ljust(64, b"\0")
    for name, data in chunks:
        places.append((name, len(body), len(data)))
        # A picture's name is filled up, so that its values begin at a page of memory.
        label = name.ljust(4072, b"\0") if name.startswith(b"ImageDataSeq") else name
        body += struct.pack("<IIQ", 0x0ABECEDA, len(label), len(data)) + label + data
    listed = b"".join(name + struct.pack("<QQ", place, size) for name, place, size in places)
    listed += b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", len(body))
    name = b"ND2 FILEMAP SIGNATURE NAME 0001!"
    path.write_bytes(body + struct.pack("<IIQ", 0x0ABECEDA, len(name), len(listed)) + name + listed)
    return path


def _lite(values: Mapping[str, object]) -> bytes:
    """Nested values as ND2 keeps them: a type, a name, a value; behind a level stand the places of its members."""
    whole = b""
    for name, value in values.items():
        label = (name + "\0").encode("utf-16-le")
        head = lambda kind, label=label: struct.pack("<BB", kind, len(label) // 2) + label  # noqa: E731
        if isinstance(value, dict):
            inner = _lite(value)
            start = head(11)
            length = len(start) + 12 + len(inner)
            whole += start + struct.pack("<IQ", len(value), length) + inner + b"\0" * (8 * len(value))
        elif isinstance(value, bool):
            whole += head(1) + struct.pack("<B", value)
        elif isinstance(value, int):
            whole += head(3) + struct.pack("<I", value)
        elif isinstance(value, float):
            whole += head(6) + struct.pack("<d", value)
        else:
            whole += head(8) + (str(value) + "\0").encode("utf-16-le")
    return whole
