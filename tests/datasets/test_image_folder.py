from __future__ import annotations

import shutil
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strates.datasets import read_image_folder
from strates.datasets.image_file import ImageForm, decode_image
from strates.datasets.parallel_images import each_image
from strates.exceptions import DataError, ImageError, ParameterError, TargetError

ORIENTATION = 0x0112


def write(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def pixels() -> dict[str, np.ndarray]:
    """Fifty small images: files of two classes to what is in them."""
    return {f"{'cat' if i % 2 else 'dog'}/{i:02}.png": noise(6, 5, 3, seed=i) for i in range(50)}


@pytest.fixture
def folder(tmp_path: Path, pixels: dict[str, np.ndarray]) -> Path:
    for name, image in pixels.items():
        write(tmp_path / "pets" / name, image)
    return tmp_path / "pets"


# --- what comes out --------------------------------------------------------------------------------------


def test_load_gives_every_pixel_and_its_folder_as_label(folder, pixels):
    images = read_image_folder(folder)
    X, y = images.load()
    names = sorted(pixels)  # all of cat, then all of dog
    np.testing.assert_array_equal(X, [pixels[name] for name in names])
    assert y.tolist() == [name[:3] for name in names]
    assert (X.dtype, images.classes, images.image_size, images.color) == (np.uint8, ("cat", "dog"), (6, 5), "rgb")
    assert images.class_counts() == {"cat": 25, "dog": 25}
    assert images.n_bytes == X.nbytes == 50 * 6 * 5 * 3
    assert images.notes == ()
    assert repr(images) == f"<ImageFolder {str(folder)!r}: 50 images (cat 25, dog 25), 6 x 5 rgb>"  # not all paths


@pytest.mark.parametrize("size", [1, 7, 50, 64])
def test_batches_have_every_image_once_in_an_order_of_the_seed(folder, pixels, size):
    images = read_image_folder(folder)
    X, y = images.load()
    whole = {image.tobytes(): label for image, label in zip(X, y, strict=True)}
    orders = []
    for seed in (0, 0, 1):
        parts = list(images.batches(size, shuffle=True, seed=seed))
        assert [len(part) for part, _ in parts] == [size] * (50 // size) + [50 % size] * (50 % size > 0)
        seen = [image.tobytes() for part, _ in parts for image in part]
        assert sorted(seen) == sorted(whole)
        assert [whole[image] for image in seen] == [label for _, labels in parts for label in labels]
        orders.append(seen)
    assert orders[0] == orders[1] != orders[2]
    np.testing.assert_array_equal(np.concatenate([part for part, _ in images.batches(size)]), X)


def test_a_reader_who_leaves_early_leaves_no_thread(folder):
    reading = read_image_folder(folder).batches(2)
    next(reading)
    reading.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("strates-images")]


def test_what_is_decoded_ahead_is_bounded():
    started = 0
    lock = threading.Lock()

    def work(path: Path) -> Path:
        nonlocal started
        with lock:
            started += 1
        return path

    files = [Path(str(i)) for i in range(5000)]
    for taken, path in enumerate(each_image(work, files)):
        assert path == files[taken]
        assert started - taken <= 8 * 8 * 3  # threads, files of a task, tasks ahead


def test_formats_and_greys(tmp_path):
    grey = noise(9, 7, seed=1)
    for suffix, options in {".png": {}, ".webp": {"lossless": True}, ".JPG": {"quality": 100}}.items():
        write(tmp_path / "a" / f"1{suffix}", grey, **options)
    write(tmp_path / "b" / "1.png", np.full((9, 7), 3, np.uint8))
    # 16 bits a pixel, whose high byte is what 8 bits would be
    write(tmp_path / "b" / "2.png", (grey.astype(np.uint16) * 257))
    images = read_image_folder(tmp_path, color="grey")
    X, _ = images.load()
    names = [f"{path.parent.name}/{path.name}" for path in images.paths]
    by_name = {name: one[..., 0].astype(int) for name, one in zip(names, X, strict=True)}
    assert X.shape == (5, 9, 7, 1)
    np.testing.assert_array_equal(by_name["a/1.png"], grey)
    np.testing.assert_allclose(by_name["a/1.webp"], grey, atol=2)  # WebP has no grey: there and back
    assert np.abs(by_name["a/1.JPG"] - grey).mean() < 2
    np.testing.assert_array_equal(by_name["b/1.png"], 3)
    np.testing.assert_array_equal(by_name["b/2.png"], grey)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, lambda image: image),
        (2, np.fliplr),
        (3, lambda image: image[::-1, ::-1]),
        (4, np.flipud),
        (5, lambda image: image.T),
        (6, lambda image: np.rot90(image, -1)),  # a quarter turn clockwise
        (7, lambda image: image[::-1, ::-1].T),
        (8, np.rot90),
    ],
)
def test_exif_orientation_is_respected(tmp_path, suffix, orientation, upright):
    stored = np.kron(np.array([[0, 90, 180], [255, 30, 60]], np.uint8), np.ones((16, 16), np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    for kind in "ab":
        write(tmp_path / kind / f"1.{suffix}", stored, exif=exif, quality=95)
    images = read_image_folder(tmp_path, color="grey")
    expected = upright(stored).astype(int)
    if suffix != "png":  # of a PNG Pillow knows the note only after decoding it; the pixels are turned all the same
        assert images.image_size == expected.shape
    pixels = decode_image(images.paths[0], ImageForm(*expected.shape, "grey"))[..., 0]
    assert np.abs(pixels - expected).max() < 12


def test_transparent_images_stand_on_white(tmp_path):
    clear = np.zeros((4, 4, 4), np.uint8)  # black, of which ...
    clear[0, :, 3], clear[1, :, 3] = 255, 51  # ... a row is opaque, a row has a fifth left, and the rest nothing
    write(tmp_path / "a" / "1.png", clear)
    write(tmp_path / "b" / "1.png", np.full((4, 4, 3), 9, np.uint8))
    images = read_image_folder(tmp_path)
    assert images.load()[0][0, :, 0, 0].tolist() == [0, 204, 255, 255]
    assert images.notes == ("1 of 2 images may be transparent in places: they stand on white there.",)


def test_all_grey_is_one_channel_and_a_mixture_is_three(tmp_path):
    write(tmp_path / "a" / "1.png", noise(4, 4))
    write(tmp_path / "b" / "1.png", noise(4, 4))
    assert read_image_folder(tmp_path).load()[0].shape == (2, 4, 4, 1)
    write(tmp_path / "b" / "2.png", noise(4, 4, 3))
    images = read_image_folder(tmp_path)
    assert images.load()[0].shape == (3, 4, 4, 3)
    assert images.notes == ("2 of 3 images are grey and are read as RGB, like the others.",)
    grey = read_image_folder(tmp_path, color="grey")
    assert grey.load()[0].shape == (3, 4, 4, 1)
    assert grey.notes == ("1 of 3 images have colours, which are not used.",)


# --- sizes -----------------------------------------------------------------------------------------------


def test_mixed_sizes_are_stretched_to_their_median_and_it_is_told(tmp_path):
    for i, shape in enumerate([(10, 20), (12, 20), (40, 30)]):
        write(tmp_path / "a" / f"{i}.png", noise(*shape))
        write(tmp_path / "b" / f"{i}.png", noise(*shape))
    images = read_image_folder(tmp_path)
    assert images.image_size == (12, 20)
    assert images.sizes.tolist() == [[10, 20], [12, 20], [40, 30]] * 2
    assert images.notes == (
        "The images have heights of 10 to 40 and widths of 20 to 30 pixels: each is stretched to 12 x 20 pixels "
        "(height x width); 2 of them are smaller than that.",
    )
    assert images.load()[0].shape == (6, 12, 20, 1)
    assert read_image_folder(tmp_path, image_size=16).load()[0].shape == (6, 16, 16, 1)
    assert read_image_folder(tmp_path, image_size=(8, 24)).load()[0].shape == (6, 8, 24, 1)


def test_large_images_are_reduced_in_proportion(tmp_path):
    for kind in "ab":
        write(tmp_path / kind / "1.png", np.zeros((300, 400), np.uint8))
    images = read_image_folder(tmp_path)
    assert images.image_size == (72, 96)
    assert images.notes == ("Every image is 300 x 400 and is stretched to 72 x 96 pixels (height x width).",)


def test_stretching_keeps_the_whole_picture_and_averages(tmp_path):
    image = np.zeros((32, 400), np.uint8)
    image[:, 200:] = 200
    image[::2, :200] = 100  # lines that subsampling would keep or lose, where an average is 50
    pixels = decode_image(write(tmp_path / "1.png", image), ImageForm(8, 8, "grey"))[..., 0]
    assert pixels[2:6, :3].astype(int) == pytest.approx(50, abs=4)
    assert (pixels[:, 5:] == 200).all()


def test_cropping_keeps_proportions_around_the_centre(tmp_path):
    wide = np.zeros((32, 400), np.uint8)
    wide[:, 184:192], wide[:, 192:200], wide[:, 200:208], wide[:, 208:216], wide[:, 216:] = 50, 100, 150, 200, 250
    write(tmp_path / "a" / "1.png", wide)
    write(tmp_path / "b" / "1.png", wide.T)
    images = read_image_folder(tmp_path, image_size=4, crop_to_aspect_ratio=True)
    assert images.notes == (
        "The images have heights of 32 to 400 and widths of 32 to 400 pixels: each is cut around its centre, "
        "proportions kept, to 4 x 4 pixels (height x width).",
    )
    X, _ = images.load()
    assert X[0, 1, :, 0].tolist() == [50, 100, 150, 200]  # the middle: of a ramp, averages are its values
    assert np.array_equal(X[1, ..., 0], X[0, ..., 0].T)
    assert images.part("all").form.crop_to_aspect_ratio


def test_jpeg_at_reduced_scale_is_the_picture(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 640).astype(np.uint8), (480, 1))
    path = write(tmp_path / "1.jpg", ramp, quality=95)
    pixels = decode_image(path, ImageForm(30, 40, "grey"))[..., 0].astype(int)
    expected = ramp.reshape(30, 16, 40, 16).mean(axis=(1, 3))
    assert np.abs(pixels - expected)[:, 2:-2].max() < 3


# --- parts -----------------------------------------------------------------------------------------------


def test_train_and_test_folders_are_parts(tmp_path):
    for part, side in (("train", 8), ("val", 30), ("test", 40)):
        for kind in ("b", "a"):
            write(tmp_path / part / kind / "1.png", noise(side, side))
    images = read_image_folder(tmp_path)
    assert images.parts.tolist() == ["test"] * 2 + ["train"] * 2 + ["validation"] * 2
    assert images.image_size == (8, 8)  # from the part to learn from alone
    test = images.part("test")
    assert [path.relative_to(tmp_path).as_posix() for path in test.paths] == ["test/a/1.png", "test/b/1.png"]
    assert test.labels.tolist() == ["a", "b"]
    with pytest.raises(ParameterError, match=r"has no part 'all'\. It has: test, train, validation\."):
        images.part("all")


def test_a_class_called_test_is_a_class(tmp_path):
    for kind in ("test", "brain"):
        write(tmp_path / kind / "1.png", noise(4, 4))
    assert read_image_folder(tmp_path).classes == ("brain", "test")


def test_hidden_and_system_files_are_passed_over(folder):
    for name in (".DS_Store", "cat/.hidden.png", "Thumbs.db", "__MACOSX/x/1.png", ".cache/1.png"):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"?")
    write(folder / "cat" / "more" / "1.png", noise(6, 5, 3))  # a folder in a class folder belongs to the class
    images = read_image_folder(folder)
    assert (len(images), images.notes) == (51, ())


def test_other_files_are_told(folder):
    (folder / "readme.md").write_text("hello")
    write(folder / "cover.png", noise(4, 4))
    assert read_image_folder(folder).notes == (
        "2 files are not in a class folder or are no images by their names, and were left out: cover.png, readme.md.",
    )


def test_fingerprint_follows_the_files(folder):
    first = read_image_folder(folder).fingerprint()
    assert first == read_image_folder(folder).fingerprint()
    moved = folder.rename(folder.with_name("moved"))
    assert read_image_folder(moved).fingerprint() == first
    shutil.move(moved / "cat" / "01.png", moved / "dog" / "01.png")
    assert read_image_folder(moved).fingerprint() != first


# --- what cannot be read ---------------------------------------------------------------------------------


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG file whose head promises so many pixels."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(99)))]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


BAD = {
    "text": (b"this is no picture", r"it is no JPEG, PNG or WebP image: it starts with b'this is no p'"),
    "empty": (b"", r"it is empty \(0 bytes\)"),
    "gif": (b"GIF89a" + bytes(40), r"it is no JPEG, PNG or WebP image: it starts with b'GIF89a"),
    "head": (
        b"\x89PNG\r\n\x1a\n\x00\x00",
        r"it is damaged or cut short \(only its first bytes are those of an image\)",
    ),
    "bomb": (huge_png(30_000, 30_000), r"it would unfold to more than 100,000,000 pixels"),
    "large": (huge_png(10_001, 10_000), r"it would unfold to .*more than 100,000,000 pixels"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.filterwarnings("ignore:Image size:PIL.Image.DecompressionBombWarning")
def test_bad_file_is_named_with_the_reason(folder, kind):
    content, reason = BAD[kind]
    (folder / "dog" / "bad.jpg").write_bytes(content)
    message = rf"^1 of 51 images in .*pets cannot be read: dog/bad\.jpg \({reason}.*\)\. Replace or remove it, or leave"
    with pytest.raises(ImageError, match=message):
        read_image_folder(folder)
    images = read_image_folder(folder, skip_bad=True)
    assert len(images) == 50
    assert [one.path.name for one in images.skipped] == ["bad.jpg"]
    assert images.notes[0].startswith("1 file cannot be read and is left out: dog/bad.jpg (it ")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_file_cut_short_is_found_when_it_is_decoded(folder, suffix):
    path = write(folder / "cat" / f"short.{suffix}", noise(200, 200, 3), quality=90)
    path.write_bytes(path.read_bytes()[:-2000])
    images = read_image_folder(folder, image_size=8)  # its head is sound
    message = rf"1 of 51 images .* cannot be read: cat/short\.{suffix} \(it is damaged or cut short \("
    with pytest.raises(ImageError, match=message):
        images.load()
    with pytest.raises(ImageError, match=message):
        list(images.batches(16))
    with pytest.raises(ImageError, match=message):
        images.checked()
    sound = read_image_folder(folder, image_size=8, skip_bad=True)
    assert [one.path.name for one in sound.skipped] == [f"short.{suffix}"]
    assert sound.load()[0].shape == (50, 8, 8, 3)


def test_webp_cut_short_is_found_at_once(folder):
    path = write(folder / "cat" / "short.webp", noise(200, 200, 3), quality=90)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match=r"cat/short\.webp \(it is damaged or cut short \("):
        read_image_folder(folder)


def test_many_bad_files_are_named_in_part(folder):
    for i in range(10):
        (folder / "cat" / f"{i:02}.jpg").touch()
    with pytest.raises(ImageError, match=r"10 of 60 .*cat/07\.jpg \(it is empty \(0 bytes\)\); and 2 more\. Replace"):
        read_image_folder(folder)


def test_class_of_bad_files_only_is_refused(folder):
    for path in (folder / "dog").iterdir():
        path.write_bytes(path.read_bytes()[:70])
    with pytest.raises(TargetError, match=r"No image of 'dog' in .* can be read, and a class without images"):
        read_image_folder(folder, skip_bad=True)


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        ([], ImageError, r"The folder .*box is empty; expected one subfolder a class, such as box/cats/1\.jpg"),
        (["1.png", "2.png"], ImageError, r"holds 2 images but no subfolders; expected one subfolder a class"),
        (["notes.txt"], ImageError, r"holds no images \(but notes\.txt\); expected one subfolder a class"),
        (["a/notes.txt", "b/x.csv"], ImageError, r"and its subfolders hold no image; .*It holds notes\.txt"),
        (["a/1.png"], TargetError, r"has one class only, 'a'; expected one subfolder for each of at least two"),
        (["box/a/1.png", "box/b/1.png"], TargetError, r"If its subfolders \(a, b\) are the classes, give .*box/box\."),
        (["a/1.png", "b/2.png", "c/x.txt"], TargetError, r"The class folder 'c' of .*box holds no image .*remove it"),
        (
            ["train/ant/1.png", "train/bee/1.png", "test/ants/1.png"],
            TargetError,
            r"test has a class 'ants' that .*train lacks\. Did you mean 'ant'\?",
        ),
    ],
)
def test_folders_that_are_no_classes_of_images(tmp_path, made, error, message):
    box = tmp_path / "box"
    box.mkdir()
    for name in made:
        if name.endswith("png"):
            write(box / name, noise(4, 4))
        else:
            (box / name).parent.mkdir(exist_ok=True)
            (box / name).write_text("x")
    with pytest.raises(error, match=message):
        read_image_folder(box)


def test_no_folder(tmp_path):
    with pytest.raises(ImageError, match=r"The folder .*nowhere does not exist; expected a folder with one subfolder"):
        read_image_folder(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match=r"The folder .*file is a file; expected a folder"):
        read_image_folder(tmp_path / "file")


def test_known_classes(folder):
    images = read_image_folder(folder, classes=["bird", "cat", "dog"])
    assert images.classes == ("bird", "cat", "dog")
    assert images.class_counts() == {"bird": 0, "cat": 25, "dog": 25}
    with pytest.raises(
        TargetError, match=r"class folders that the model never learned: 'dog'\. It knows 'bird', 'cat'"
    ):
        read_image_folder(folder, classes=["bird", "cat"])
    shutil.rmtree(folder / "dog")
    assert len(read_image_folder(folder, classes=["cat", "dog"])) == 25


@pytest.mark.parametrize("size", [0, -3, 2.5, (8,), (8, 0), "8", True])
def test_size_that_cannot_be_used(folder, size):
    with pytest.raises(
        ParameterError, match=r"image_size=.* cannot be used: it is a positive number of pixels, or two"
    ):
        read_image_folder(folder, image_size=size)


def test_other_parameters_that_cannot_be_used(folder):
    with pytest.raises(ParameterError, match=r'color=\'blue\' cannot be used: it is "grey" or "rgb"'):
        read_image_folder(folder, color="blue")
    with pytest.raises(ParameterError, match=r"batch_size is 0; it has to be an integer of at least 1"):
        next(read_image_folder(folder).batches(0))
    assert issubclass(ImageError, DataError)


def test_progress_is_told(folder):
    told = []
    images = read_image_folder(folder, progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 50) for i in range(1, 51)]
    images.load(progress=lambda done, total: told.append((done, total)))
    assert told[50:] == told[:50]
