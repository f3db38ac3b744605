"""Film the drawings in `benchmarks/clips` for the demo company.

Example: python -m benchmarks.clips

Chromium stops each animated drawing at the moment of every frame and ffmpeg joins the pictures:
WebM (VP9, no sound) and a still as the poster. Only who changes a drawing needs the two programs.
"""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

_DRAWINGS = Path(__file__).parent / "clips"
_MEDIA = Path(__file__).parents[1] / "serving" / "portal" / "media"
_WIDTH, _HEIGHT = 960, 540
_FRAMES_PER_SECOND = 15
_SECONDS = 6
_STOP_AT = """seconds => {
    const drawing = document.documentElement;
    drawing.pauseAnimations();
    drawing.setCurrentTime(seconds);
}"""
_STILL_AT = 4.5
"""Seconds; by then every drawing shows what it is about."""


def film(page: Page, drawing: Path, folder: Path) -> None:
    """Write the clip and the poster of one drawing; ``folder`` takes the frames."""
    page.goto(drawing.as_uri())
    for number in range(_FRAMES_PER_SECOND * _SECONDS):
        page.evaluate(_STOP_AT, number / _FRAMES_PER_SECOND)
        page.screenshot(path=folder / f"{number:03d}.png")
    _ffmpeg(
        "-framerate", str(_FRAMES_PER_SECOND), "-i", str(folder / "%03d.png"),
        "-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "44", "-pix_fmt", "yuv420p", "-row-mt", "0",
        "-deadline", "best", "-g", "45", "-fflags", "+bitexact", "-an",
        str(_MEDIA / f"{drawing.stem}.webm"),
    )  # fmt: skip
    still = folder / f"{round(_STILL_AT * _FRAMES_PER_SECOND):03d}.png"
    _ffmpeg("-i", str(still), "-q:v", "3", str(_MEDIA / f"{drawing.stem}.jpg"))


def record() -> None:
    """Write the recording: three soft notes, one after the other, for as long as a clip."""
    notes = "+".join(
        f"0.2*sin(2*PI*{pitch}*t)*exp(-1.2*(t-{begin}))*gte(t,{begin})"
        for begin, pitch in enumerate((261.63, 329.63, 392.0))
    )
    _ffmpeg(
        "-f", "lavfi", "-i", f"aevalsrc='{notes}':s=24000:d={_SECONDS}", "-b:a", "32k",
        "-fflags", "+bitexact", str(_MEDIA / "tones.mp3"),
    )  # fmt: skip


def _ffmpeg(*arguments: str) -> None:
    program = shutil.which("ffmpeg")
    assert program is not None, "ffmpeg is not installed"
    subprocess.run([program, "-loglevel", "error", "-y", *arguments], check=True)


def main() -> None:
    """Film all drawings, and record the notes."""
    record()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        for drawing in sorted(_DRAWINGS.glob("*.svg")):
            film(page, drawing, Path(folder))
            size = (_MEDIA / f"{drawing.stem}.webm").stat().st_size
            print(f"{drawing.stem}: {size / 1024:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
