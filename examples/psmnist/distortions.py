"""New training images from old ones: turned, scaled, sheared, moved, and bent by a smooth random field.

A distortion is a linear map of the image, so that it goes into the matrix that makes states of images. The images of a
group share one; every epoch has other groups and other distortions.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.sparse

from examples.psmnist.data import PIXELS, Bytes
from examples.psmnist.memory import Floats, Singles, states

GROUPS = 128  # distortions an epoch
SIDE = 28
ANGLE, SCALE, SHEAR = np.deg2rad(12.0), 0.12, 0.15  # at most
SHIFT, BEND, SMOOTH = 1.5, 0.8, 4.0  # pixels: at most, standard deviation, and that of its filter


def distortion(rng: np.random.Generator) -> scipy.sparse.csr_array:
    """A random (784, 784) map from an image to a distorted one, by linear interpolation; outside it is zero."""
    angle, shear, scale_y, scale_x = rng.uniform(-1, 1, 4) * (ANGLE, SHEAR, SCALE, SCALE)
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = np.array([[cosine * (1 + scale_y), sine], [shear - sine, cosine * (1 + scale_x)]])
    centre = (SIDE - 1) / 2
    to = np.indices((SIDE, SIDE)).reshape(2, -1) - centre
    bend = scipy.ndimage.gaussian_filter(rng.normal(size=(2, SIDE, SIDE)), (0, SMOOTH, SMOOTH)).reshape(2, -1)
    bend *= BEND * 2 * np.sqrt(np.pi) * SMOOTH  # the filter leaves 1 / (2 sqrt(pi) SMOOTH) of a standard deviation of 1
    place = linear @ to + centre + rng.uniform(-SHIFT, SHIFT, (2, 1)) + bend
    return interpolation(place)


def interpolation(place: Floats) -> scipy.sparse.csr_array:
    """The map (784, 784) to an image whose pixels are those at ``place`` (2, 784), row and column, of another."""
    low = np.floor(place).astype(int)
    part = place - low
    rows, columns, values = [], [], []
    for down, right in np.ndindex(2, 2):
        row, column = low[0] + down, low[1] + right
        share = (part[0] if down else 1 - part[0]) * (part[1] if right else 1 - part[1])
        inside = (row >= 0) & (row < SIDE) & (column >= 0) & (column < SIDE)
        rows.append(np.flatnonzero(inside))
        columns.append((row * SIDE + column)[inside])
        values.append(share[inside])
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return scipy.sparse.csr_array(entries, shape=(PIXELS, PIXELS))


def distorted_states(images: Bytes, matrix: Floats, rng: np.random.Generator, groups: int = GROUPS) -> Singles:
    """The last states of the images, each distorted, (samples, order), in the order of the images."""
    result = np.empty((len(images), matrix.shape[1]), np.float32)
    single = matrix.astype(np.float32)
    for group in np.array_split(rng.permutation(len(images)), groups):
        result[group] = states(images[group], distortion(rng).T.tocsr().astype(np.float32) @ single)
    return result
