"""The node classes whose results are shown: pictures, video, sound, text.

Rule 1: video and animations come under `images` beside `animated: [true]`; only the extension tells
    them apart. An animation of one picture is not marked, or up to 0.6 marked `[false]`.
Rule 2: previews are files of type temp, with a name that is new for every start of the server.
"""

from typing import Any

from headway.sim.comfyui import pictures
from headway.sim.comfyui.generation import real
from headway.sim.comfyui.node import Made, NodeClass, NodeRun, Picture


async def save_image(run: NodeRun, *, images: Picture, filename_prefix: str) -> Made:
    return await _pictures(run, images, filename_prefix, folder="output")


async def preview_image(run: NodeRun, *, images: Picture) -> Made:
    return await _pictures(run, images, run.host.temp_name, folder="temp")


async def _pictures(run: NodeRun, images: Picture, prefix: str, *, folder: str) -> Made:
    saved = []
    for number in range(images.batch):
        await run.work("SaveImage")
        content = pictures.png(images.seed + number, width=images.width, height=images.height)
        saved.append(run.host.files.save(prefix, "png", content, folder=folder))
    return Made(shown={"images": saved})


async def create_video(run: NodeRun, *, images: Picture, fps: float) -> Made:
    return Made((images,))


async def save_video(run: NodeRun, *, video: Picture, filename_prefix: str) -> Made:
    return await _animation(run, filename_prefix, "mp4", moves=[True])


async def save_webm(run: NodeRun, *, images: Picture, filename_prefix: str, fps: float) -> Made:
    return await _animation(run, filename_prefix, "webm", moves=[True])


async def save_webp(run: NodeRun, *, images: Picture, filename_prefix: str, fps: float) -> Made:
    moves = [images.batch != 1]
    if not any(moves) and run.host.version.has("unmoved_unmarked"):
        moves = []
    return await _animation(run, filename_prefix, "webp", moves=moves)


async def _animation(run: NodeRun, prefix: str, extension: str, *, moves: list[bool]) -> Made:
    await run.work("SaveVideo")
    saved = run.host.files.save(prefix, extension, pictures.MAGIC[extension])
    mark = {"animated": moves} if moves else {}
    return Made(shown={"images": [saved], **mark})


async def empty_audio(run: NodeRun, *, duration: float) -> Made:
    return Made((duration,))


async def save_audio(run: NodeRun, *, audio: float, filename_prefix: str) -> Made:
    return await _audio(run, filename_prefix, folder="output")


async def preview_audio(run: NodeRun, *, audio: float) -> Made:
    return await _audio(run, run.host.temp_name, folder="temp")


async def _audio(run: NodeRun, prefix: str, *, folder: str) -> Made:
    await run.work("SaveAudio")
    tail = "." if run.host.version.has("plain_audio_names") else "_."
    saved = run.host.files.save(prefix, "flac", pictures.MAGIC["flac"], folder=folder, tail=tail)
    return Made(shown={"audio": [saved]})


async def preview_any(run: NodeRun, *, source: Any) -> Made:
    return Made(shown={"text": [str(source)]})


IMAGES = ["IMAGE", {}]
PREFIX = ["STRING", {"default": "ComfyUI"}]
FPS = real(24.0, 0.01, 1000.0)
HIDDEN = ("prompt", "extra_pnginfo")

CLASSES = {
    "SaveImage": NodeClass(
        save_image, {"images": IMAGES, "filename_prefix": PREFIX}, is_output=True, hidden=HIDDEN
    ),
    "PreviewImage": NodeClass(preview_image, {"images": IMAGES}, is_output=True, hidden=HIDDEN),
    "CreateVideo": NodeClass(create_video, {"images": IMAGES, "fps": FPS}, ("VIDEO",)),
    "SaveVideo": NodeClass(
        save_video, {"video": ["VIDEO", {}], "filename_prefix": PREFIX}, is_output=True
    ),
    "SaveWEBM": NodeClass(
        save_webm, {"images": IMAGES, "filename_prefix": PREFIX, "fps": FPS}, is_output=True
    ),
    "SaveAnimatedWEBP": NodeClass(
        save_webp, {"images": IMAGES, "filename_prefix": PREFIX, "fps": FPS}, is_output=True
    ),
    "EmptyAudio": NodeClass(empty_audio, {"duration": real(60.0, 0.0, 1000.0)}, ("AUDIO",)),
    "SaveAudio": NodeClass(
        save_audio, {"audio": ["AUDIO", {}], "filename_prefix": PREFIX}, is_output=True
    ),
    "PreviewAudio": NodeClass(preview_audio, {"audio": ["AUDIO", {}]}, is_output=True),
    "PreviewAny": NodeClass(preview_any, {"source": ["*", {}]}, is_output=True),
}
