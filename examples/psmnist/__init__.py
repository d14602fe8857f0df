"""Permuted sequential MNIST: an LMU of order 256 that reads an image pixel by pixel, from training to Verilog.

    python -m examples.psmnist

The 784 pixels of a handwritten digit arrive one a step, all images in the same random order (Le, Jaitly, Hinton, "A
Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015). The memory of order 256 and theta 784 has
no trained weights; Dense layers read its last state. ``data`` gets the images, ``memory`` makes states of them,
``distortions`` makes new images for the training, ``network`` has the layers, ``float_training`` and
``integer_training`` train them, ``accelerator`` sends all test images through the Verilog, ``__main__`` does one after
the other.
"""
