"""The node classes that make pictures: checkpoint, text, latent, sampler, decoder.

Rule 1: a sampler reports each step after it is done: progress, picture, then its bar on the
    console.
Rule 2: loading, text encoding and plain decoding report nothing; tiled decoding reports every tile
    of three passes: with square, with upright and with lying tiles.
"""

from typing import Any

from headway.sim.comfyui import pictures
from headway.sim.comfyui.node import Made, Model, NodeClass, NodeRun, Picture

SAMPLERS = [
    "euler",
    "euler_ancestral",
    "heun",
    "dpm_2",
    "dpm_adaptive",
    "dpmpp_2m",
    "ddim",
    "uni_pc",
]
SCHEDULERS = ["simple", "sgm_uniform", "karras", "exponential", "normal", "beta"]

ADAPTIVE_EXTRA = 15  # further steps of dpm_adaptive after its bar is full, as once measured
ADAPTIVE_ORDER = 3  # steps of its bar on the console for one of its bar on the page

LOADING_LINES = (
    "model weight dtype torch.float32, manual cast: None",
    "model_type EPS",
    "Using split attention in VAE",
    "Using split attention in VAE",
    "VAE load device: cpu, offload device: cpu, dtype: torch.float32",
)
TEXT_ENCODER_LINE = (
    "CLIP/text encoder model load device: cpu, offload device: cpu, current: cpu, "
    "dtype: torch.float16"
)


async def load_checkpoint(run: NodeRun, *, ckpt_name: str) -> Made:
    clip = Model("SD1ClipModel", ckpt_name, 235.84)
    for line in LOADING_LINES:
        await run.work("CheckpointLoaderSimple", 1 / len(LOADING_LINES))
        run.host.say(line)
    await run.use(clip)
    run.host.say(TEXT_ENCODER_LINE)
    return Made(
        (Model("BaseModel", ckpt_name, 409.82), clip, Model("AutoencoderKL", ckpt_name, 319.11))
    )


async def load_lora(
    run: NodeRun,
    *,
    model: Model,
    clip: Model,
    lora_name: str,
    strength_model: float,
    strength_clip: float,
) -> Made:
    await run.work("LoraLoader")
    return Made(
        tuple(
            Model(part.kind, f"{part.origin}+{lora_name}", part.megabytes) for part in (model, clip)
        )
    )


async def encode_text(run: NodeRun, *, text: str, clip: Model) -> Made:
    await run.use(clip)
    await run.work("CLIPTextEncode")
    return Made((text,))


async def empty_latent(run: NodeRun, *, width: int, height: int, batch_size: int) -> Made:
    return Made((Picture(width, height, batch_size),))


async def empty_image(
    run: NodeRun, *, width: int, height: int, batch_size: int, color: int
) -> Made:
    return Made((Picture(width, height, batch_size, seed=color),))


async def sample(
    run: NodeRun, *, model: Model, latent_image: Picture, seed: int, steps: int, **rest: Any
) -> Made:
    adaptive = rest["sampler_name"] == "dpm_adaptive"
    await run.use(model)
    with run.bar(None if adaptive else steps) as bar:
        await run.work("KSampler warm-up")
        for step in range(1, steps + 1 + adaptive * ADAPTIVE_EXTRA):
            await run.work("KSampler", latent_image.area)
            run.report(
                min(step, steps), steps, pictures.jpeg(seed, detail=1 + min(7, 8 * step // steps))
            )
            for _ in range(ADAPTIVE_ORDER if adaptive else 1):
                bar.step()
    return Made((Picture(latent_image.width, latent_image.height, latent_image.batch, seed),))


async def decode(run: NodeRun, *, samples: Picture, vae: Model) -> Made:
    await run.use(vae)
    await run.work("VAEDecode", samples.area)
    return Made((samples,))


async def decode_tiled(
    run: NodeRun, *, samples: Picture, vae: Model, tile_size: int, overlap: int
) -> Made:
    await run.use(vae)
    tiles = tiles_of(samples, tile_size, min(overlap, tile_size // 4))
    for tile in range(1, tiles + 1):
        await run.work("VAEDecodeTiled")
        run.report(tile, tiles)
    return Made((samples,))


def tiles_of(picture: Picture, side: int, overlap: int) -> int:
    """The tiles of the three passes, each reaching so many pixels into the one before."""
    shapes = ((side, side), (side // 2, side * 2), (side * 2, side // 2))
    return picture.batch * sum(
        _tiles_along(picture.width, wide, overlap) * _tiles_along(picture.height, high, overlap)
        for wide, high in shapes
    )


def _tiles_along(length: int, tile: int, overlap: int) -> int:
    return 1 if length <= tile else -(-(length - overlap) // (tile - overlap))


async def image_size(run: NodeRun, *, image: Picture) -> Made:
    run.host.show_text(
        run.node, f"width: {image.width}, height: {image.height}\n batch size: {image.batch}"
    )
    return Made((image.width, image.height, image.batch))


def whole(default: int, least: int, most: int) -> list[Any]:
    return ["INT", {"default": default, "min": least, "max": most}]


def real(default: float, least: float, most: float) -> list[Any]:
    return ["FLOAT", {"default": default, "min": least, "max": most}]


SIZE = whole(512, 16, 16384)
BATCH = whole(1, 1, 4096)
STEPS = whole(20, 1, 10000)


def classes(checkpoints: list[str], loras: list[str]) -> dict[str, NodeClass]:
    """The node classes of this module, offering these files."""
    return {
        "CheckpointLoaderSimple": NodeClass(
            load_checkpoint, {"ckpt_name": [checkpoints, {}]}, makes=("MODEL", "CLIP", "VAE")
        ),
        "LoraLoader": NodeClass(
            load_lora,
            {
                "model": ["MODEL", {}],
                "clip": ["CLIP", {}],
                "lora_name": [loras, {}],
                "strength_model": real(1.0, -100.0, 100.0),
                "strength_clip": real(1.0, -100.0, 100.0),
            },
            makes=("MODEL", "CLIP"),
        ),
        **UNCHANGING,
    }


UNCHANGING = {
    "CLIPTextEncode": NodeClass(
        encode_text, {"text": ["STRING", {}], "clip": ["CLIP", {}]}, ("CONDITIONING",)
    ),
    "EmptyLatentImage": NodeClass(
        empty_latent, {"width": SIZE, "height": SIZE, "batch_size": BATCH}, ("LATENT",)
    ),
    "EmptyImage": NodeClass(
        empty_image,
        {
            "width": whole(512, 1, 16384),
            "height": whole(512, 1, 16384),
            "batch_size": BATCH,
            "color": whole(0, 0, 0xFFFFFF),
        },
        ("IMAGE",),
    ),
    "KSampler": NodeClass(
        sample,
        {
            "model": ["MODEL", {}],
            "seed": whole(0, 0, 2**64 - 1),
            "steps": STEPS,
            "cfg": real(8.0, 0.0, 100.0),
            "sampler_name": [SAMPLERS, {}],
            "scheduler": [SCHEDULERS, {}],
            "positive": ["CONDITIONING", {}],
            "negative": ["CONDITIONING", {}],
            "latent_image": ["LATENT", {}],
            "denoise": real(1.0, 0.0, 1.0),
        },
        ("LATENT",),
    ),
    "VAEDecode": NodeClass(decode, {"samples": ["LATENT", {}], "vae": ["VAE", {}]}, ("IMAGE",)),
    "VAEDecodeTiled": NodeClass(
        decode_tiled,
        {
            "samples": ["LATENT", {}],
            "vae": ["VAE", {}],
            "tile_size": whole(512, 64, 4096),
            "overlap": whole(64, 0, 4096),
        },
        ("IMAGE",),
    ),
    "GetImageSize": NodeClass(image_size, {"image": ["IMAGE", {}]}, ("INT", "INT", "INT")),
}
