"""Light-sheet stacks made sharper: Richardson–Lucy deconvolution with a measured or a modelled PSF."""
