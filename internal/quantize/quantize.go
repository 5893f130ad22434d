// Package quantize compresses matrices as coremltools.optimize.coreml does after
// training, to the bit: codes with scales, palettes, sparse masks, and their joint
// forms. It works on plain slices and knows neither packages nor checkpoints.
package quantize
