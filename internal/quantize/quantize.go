// Package quantize compresses weights as coremltools.optimize.coreml does after
// training, to the bit: codes with scales, palettes, sparse masks, and their joint
// forms. It works on plain slices and knows neither packages nor checkpoints.
//
// A [Form] says what is wanted, [Encode] makes an [Encoded] of it, whose planes are
// packed as a weight file holds them, and [Encoded.Decode] gives back the numbers that
// they stand for. All loops run in parallel, and every number of threads gives the
// same bits.
//
// The arithmetic is that of NumPy: a weight of fp16 is divided, rounded and scaled in
// fp16, each operation rounded by itself. The one exception are palettes by k-means,
// where an exact method takes the place of coremltools' approximate one: their error
// is never the larger.
package quantize
