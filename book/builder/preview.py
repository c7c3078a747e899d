"""Draws the picture that stands for the book where a link to it is shared: a digit's orbit, one pose of it missing."""

import textwrap

SIZE = (1200, 630)


def draw_preview(file, title):
    """Writes `file`, a PNG of 1200 × 630 pixels: the title over the poses of one handwritten digit."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from symlib import datasets, orbits

    images, labels = datasets.mnist("bundled")
    poses = orbits.rotation_orbits(images[labels == 4][:1], 8)[0]
    fig = plt.figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor="white")
    fig.text(0.06, 0.68, textwrap.fill(title, 30), fontsize=44, weight="bold", va="center", color="#14213d")
    for at, pose in enumerate(poses):
        ax = fig.add_axes((0.055 + 0.112 * at, 0.14, 0.1, 0.1 * SIZE[0] / SIZE[1]))
        ax.set(xticks=[], yticks=[])
        if at == 5:  # the pose that no network is shown
            ax.spines[:].set(linestyle="--", color="#D55E00", linewidth=2)
            ax.text(0.5, 0.5, "?", fontsize=44, color="#D55E00", ha="center", va="center", transform=ax.transAxes)
        else:
            ax.imshow(pose, cmap="Greys")
            ax.spines[:].set_visible(False)
    fig.savefig(file)
    plt.close(fig)
