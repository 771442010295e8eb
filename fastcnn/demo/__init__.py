"""The demonstration: a network trained in front of your eyes, and a gallery of the kernels at work on a picture."""
