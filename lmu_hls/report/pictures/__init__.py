"""The pictures of a report, each made of a record and of nothing else."""

from lmu_hls.report.pictures.drawing import Picture, css, png, svg, svg_file
from lmu_hls.report.pictures.gallery import pictures_of

__all__ = ["Picture", "css", "pictures_of", "png", "svg", "svg_file"]
