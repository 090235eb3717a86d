"""Richardson–Lucy deconvolution of a volume by real Fourier transforms.

W. H. Richardson, J. Opt. Soc. Am. 62, 55 (1972); L. B. Lucy, Astron. J. 79, 745 (1974).

Two savings over the textbook form. The transform of the PSF is computed once. The three axes are transformed in
two kinds of pass, planes (x and y) and columns (z), and everything between two column passes happens plane by
plane while the plane is in the processor's cache: four passes over memory an iteration, no full-size temporaries
besides one spectrum. Zero padding is never transformed where it is known to be zero.

Blur and mirrored blur are adjoint to each other whatever the parities of volume and PSF: the mirrored one is the
conjugate transform. A PSF of even length has its middle at index (n - 1) // 2, where SciPy's convolution of mode
"same" has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from wrappers.kernels.arrays import Array, Sweep, fourier, good_size, namespace, sweeper

Boundary: TypeAlias = Literal["zero", "reflect", "nearest"]
Shape: TypeAlias = tuple[int, int, int]

BOUNDARIES: tuple[Boundary, ...] = ("reflect", "zero", "nearest")
_PAD_MODE = {"reflect": "symmetric", "nearest": "edge"}
_EPSILON = 1e-12  # scikit-image's guard against division by zero
# In single precision the transforms leave noise of about 1e-8 of the maximum where the blurred estimate is truly
# darker than that; dividing by it would multiply neighbours by nonsense. Such voxels carry no measurable light.
_NOISE = 1e-8
_PLANES = 4  # planes a block: about 0.6 MB at 160 x 160, which stays in a core's own cache
_ROWS = 8  # rows a block of the column pass, about 1 MB


def gaussian_psf(sigma: tuple[float, float, float], shape: Shape) -> Array:
    """Return a Gaussian PSF of odd `shape` (z, y, x) with standard deviations `sigma` in voxels, summing to 1."""
    axes = []
    for width, length in zip(sigma, shape, strict=True):
        offset = np.arange(length, dtype=np.float64) - length // 2
        axes.append(np.exp(-0.5 * (offset / width) ** 2) if width > 0 else (offset == 0).astype(np.float64))
    psf = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    return psf / psf.sum()


def sharpness(volume: Array) -> float:
    """Return the mean squared gradient of `volume` over its squared mean (1/voxel²): larger is sharper.

    The Tenengrad measure with central differences instead of Sobel's operator, made independent of brightness.
    """
    xp = namespace(volume)
    mean = float(xp.mean(volume, dtype=xp.float64))
    if mean == 0:
        return 0.0
    total = 0.0
    for axis in range(volume.ndim):
        if volume.shape[axis] < 3:
            continue
        ahead = xp.take(volume, xp.arange(2, volume.shape[axis]), axis=axis)
        # By the mean first: squares of very large or small values have no place in single precision.
        step = (ahead - xp.take(volume, xp.arange(volume.shape[axis] - 2), axis=axis)) * (0.5 / mean)
        total += float(xp.mean(step * step, dtype=xp.float64))
    return total


@dataclass
class Course:
    """How a deconvolution went: a residual of the first estimate and after each iteration, and each change.

    The residual is the Euclidean norm of (image - blurred estimate) over that of the image; the change is the sum
    of absolute differences of an estimate to the one before over the sum of that one. Both count the volume alone.
    """

    residuals: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)


def richardson_lucy(
    image: Array,
    psf: Array,
    iterations: int,
    *,
    boundary: Boundary = "zero",
    filter_epsilon: float | None = None,
    threads: int = 1,
    progress: Callable[[int], None] | None = None,
    course: Course | None = None,
    stop_at: float = 0.0,
) -> Array:
    """Return `image` deconvolved with `psf` after `iterations` steps of Richardson–Lucy, as float.

    `image` (z, y, x) is float32 or float64 and gives the precision; `psf` should sum to 1. With boundary "zero"
    and a PSF of odd lengths the result is that of skimage.restoration.richardson_lucy(image, psf, iterations,
    clip=False, filter_epsilon=filter_epsilon): zeros outside the volume, the first estimate 0.5 everywhere, 1e-12
    added to each blurred estimate (in float32 within 1e-5 of the result's maximum). "reflect" mirrors the volume
    at its faces and "nearest" repeats its outermost voxels, which avoids dark or bright rims. `progress(n)` is
    called after the n-th iteration, when `course` has its change. Above 0, `stop_at` ends the iterations after the
    first one that changes the estimate by less than this share.
    """
    xp = namespace(image)
    course = Course() if course is None and stop_at > 0 else course
    if boundary == "zero":
        inside = tuple(slice(0, length) for length in image.shape)
        blur = _Blur.cropped(image.shape, psf, image.dtype, xp)
    else:
        inside, image = _pad(image, psf.shape, boundary)
        blur = _Blur.wrapped(image.shape, psf, image.dtype, xp)
    estimate = xp.full(image.shape, 0.5, dtype=image.dtype)
    with sweeper(xp, threads) as sweep:
        epsilon = filter_epsilon or 0.0
        step = _Step(image, estimate, blur, sweep, filter_epsilon=epsilon, course=course, inside=inside)
        step.start()
        for done in range(iterations):
            step.improve_once()
            if progress:
                progress(done + 1)
            if course is not None and course.changes[-1] < stop_at:
                break
        step.end()
    return xp.ascontiguousarray(estimate[inside])


def _pad(image: Array, psf_shape: Shape, boundary: Boundary) -> tuple[tuple[slice, ...], Array]:
    xp = namespace(image)
    widths = []
    for axis, (length, support) in enumerate(zip(image.shape, psf_shape, strict=True)):
        extra = good_size(xp, length + 2 * (support // 2), real=axis == 2) - length
        widths.append((extra // 2, extra - extra // 2))
    inside = tuple(slice(before, before + length) for (before, _), length in zip(widths, image.shape, strict=True))
    return inside, xp.pad(image, widths, mode=_PAD_MODE[boundary])


def blurred(volume: Array, psf: Array, *, mirrored: bool = False) -> Array:
    """Return `volume` (z, y, x) convolved with `psf`, or with its mirror image, and nothing beyond its faces.

    The two are adjoint: the sum of blurred(x) * y is that of x * blurred(y, mirrored=True), for every parity.
    """
    xp = namespace(volume)
    blur = _Blur.cropped(volume.shape, psf, volume.dtype, xp)
    found = xp.array(volume)
    with sweeper(xp, 1) as sweep:
        _Step(volume, found, blur, sweep).blur(mirrored=mirrored)
    return found


@dataclass(frozen=True)
class _Blur:
    """The PSF's transform for volumes of `shape` transformed at `size`; its mirror image has the conjugate one."""

    shape: Shape
    size: Shape
    otf: Array

    @classmethod
    def cropped(cls, shape: Shape, psf: Array, dtype: np.dtype[np.floating], xp: Any) -> _Blur:
        # Half the PSF is enough padding: what wraps round lands in the part that is cut off.
        lengths = zip(shape, psf.shape, strict=True)
        depth, height, width = (max(n + support // 2, support) for n, support in lengths)
        size = (good_size(xp, depth), good_size(xp, height), good_size(xp, width, real=True))
        return cls._of(shape, size, psf, dtype, xp)

    @classmethod
    def wrapped(cls, shape: Shape, psf: Array, dtype: np.dtype[np.floating], xp: Any) -> _Blur:
        return cls._of(shape, shape, psf, dtype, xp)

    @classmethod
    def _of(cls, shape: Shape, size: Shape, psf: Array, dtype: np.dtype[np.floating], xp: Any) -> _Blur:
        kind = xp.result_type(dtype, xp.complex64)
        return cls(shape, size, _transfer(psf, size, xp).astype(kind, copy=False))

    def applied_to(self, block: Array, part: slice, *, mirrored: bool) -> None:
        """Multiply a block of columns by the transform of the PSF or of its mirror image, in place."""
        block *= self.otf[:, part].conj() if mirrored else self.otf[:, part]


def _transfer(psf: Array, size: Shape, xp: Any) -> Array:
    """Return the transform of `psf` at `size` with its centre, index (n - 1) // 2, moved to the origin."""
    fft = fourier(xp)

    def centred(axis: int) -> Array:
        # Moving by whole voxels is a phase a frequency; applied axis by axis, most of it on the small array.
        frequency = (xp.fft.rfftfreq if axis == 2 else xp.fft.fftfreq)(size[axis])
        phase = xp.exp(2j * xp.pi * frequency * ((psf.shape[axis] - 1) // 2))
        return phase.reshape([-1 if other == axis else 1 for other in range(3)])

    spectrum = fft.rfft(psf.astype(xp.float64), n=size[2], axis=2) * centred(2)
    spectrum = fft.fft(spectrum, n=size[1], axis=1, overwrite_x=True) * centred(1)
    spectrum = fft.fft(spectrum, n=size[0], axis=0, overwrite_x=True)
    spectrum *= centred(0)
    return spectrum


class _Step:
    """One iteration as four passes over memory, on `estimate` in place."""

    def __init__(
        self,
        image: Array,
        estimate: Array,
        blur: _Blur,
        sweep: Sweep,
        *,
        filter_epsilon: float = 0.0,
        course: Course | None = None,
        inside: tuple[slice, ...] = (slice(None),) * 3,
    ) -> None:
        self._xp = namespace(image)
        self._fft = fourier(self._xp)
        self._image, self._estimate, self._blur = image, estimate, blur
        self._filter_epsilon = filter_epsilon
        self._sweep = sweep
        self._floor = _NOISE * float(image.max()) if image.dtype == self._xp.float32 else 0.0
        _, size_y, size_x = blur.size
        self._spectrum = self._xp.empty((blur.shape[0], size_y, size_x // 2 + 1), dtype=blur.otf.dtype)
        self._course, self._inside = course, inside
        self._sums: dict[int, tuple[float, float]] = {}
        """By block: what is measured of it, added up in the order of blocks whoever was faster."""

    def start(self) -> None:
        """Transform the planes of the first estimate."""
        self._planes(lambda part: self._forward(self._estimate[part], part))

    def improve_once(self) -> None:
        """Multiply the estimate by the mirrored PSF's view of (image / blurred estimate)."""
        self._columns(mirrored=False)
        self._planes(self._compare)
        if self._course is not None:
            self._course.residuals.append(self._measured() ** 0.5)
        self._columns(mirrored=True)
        self._planes(self._multiply)
        if self._course is not None:
            self._course.changes.append(self._measured())

    def end(self) -> None:
        """Measure the residual of the last estimate."""
        if self._course is not None:
            self._columns(mirrored=False)
            self._planes(lambda part: self._residual(self._backward(part), part))
            self._course.residuals.append(self._measured() ** 0.5)

    def blur(self, *, mirrored: bool) -> None:
        """Make the estimate its blurred self."""
        self.start()
        self._columns(mirrored=mirrored)

        def back(part: slice) -> None:
            self._estimate[part] = self._backward(part)

        self._planes(back)

    def _measured(self) -> float:
        share, whole = (sum(self._sums[block][one] for block in sorted(self._sums)) for one in (0, 1))
        self._sums.clear()
        return share / whole if whole else 0.0

    def _of_inside(self, part: slice) -> tuple[slice, ...]:
        """Where a block of planes lies within the volume itself, counted from the block's first plane."""
        z, y, x = self._inside
        return slice(max(0, z.start - part.start), max(0, min(part.stop, z.stop) - part.start)), y, x

    def _residual(self, blurred: Array, part: slice) -> None:
        inside, xp = self._of_inside(part), self._xp
        image = self._image[part][inside]
        away = image - blurred[inside]
        self._sums[part.start] = (
            float(xp.sum(away * away, dtype=xp.float64)),
            float(xp.sum(image * image, dtype=xp.float64)),
        )

    def _planes(self, work: Callable[[slice], None]) -> None:
        self._sweep(work, self._blur.shape[0], _PLANES)

    def _columns(self, *, mirrored: bool) -> None:
        depth, size_z = self._blur.shape[0], self._blur.size[0]

        def work(part: slice) -> None:
            block = self._fft.fft(self._spectrum[:, part], n=size_z, axis=0)
            self._blur.applied_to(block, part, mirrored=mirrored)
            self._spectrum[:, part] = self._fft.ifft(block, axis=0, overwrite_x=True)[:depth]

        self._sweep(work, self._blur.size[1], _ROWS)

    def _forward(self, planes: Array, part: slice) -> None:
        rows = self._fft.rfft(planes, n=self._blur.size[2], axis=2)
        self._spectrum[part] = self._fft.fft(rows, n=self._blur.size[1], axis=1, overwrite_x=True)

    def _backward(self, part: slice) -> Array:
        _, height, width = self._blur.shape
        rows = self._fft.ifft(self._spectrum[part], axis=1)[:, :height]
        return self._fft.irfft(rows, n=self._blur.size[2], axis=2)[:, :, :width]

    def _compare(self, part: slice) -> None:
        blurred = self._backward(part)
        blurred += _EPSILON
        if self._floor > 0:
            self._xp.maximum(blurred, self._floor, out=blurred)
        if self._course is not None:
            self._residual(blurred, part)
        ratio = self._image[part] / blurred
        if self._filter_epsilon:
            ratio[blurred < self._filter_epsilon] = 0
        self._forward(ratio, part)

    def _multiply(self, part: slice) -> None:
        factor, xp = self._backward(part), self._xp
        if self._course is not None:
            inside = self._of_inside(part)
            before = self._estimate[part][inside]
            self._sums[part.start] = (
                float(xp.sum(xp.abs((factor[inside] - 1) * before), dtype=xp.float64)),
                float(xp.sum(before, dtype=xp.float64)),
            )
        self._estimate[part] *= factor
        self._forward(self._estimate[part], part)
