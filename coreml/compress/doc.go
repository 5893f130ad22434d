// Package compress makes smaller packages of packages: what coremltools.optimize.coreml
// does after training, without Python and for packages of several functions too.
//
//	report, err := compress.Compress(ctx, "Model.mlpackage", "Small.mlpackage", &compress.Config{
//		Steps: []compress.Step{{Global: &compress.Op{Form: "int4:block=32"}}},
//	})
//
// A [Step] chooses a form for weights, by the operations that use them, as
// OptimizationConfig of coremltools does; [ParseConfig] reads its files. Several steps
// follow each other: a weight that one has pruned gets a palette of the next. Codes,
// scales, uniform and unique palettes and masks are equal to those of coremltools 9.0
// bit by bit. Palettes by k-means are not the same, but never have a larger error. In
// sparse weights k-means leaves the zeros out, and codes of 8 bits that get a palette
// are rounded and not cut: both only make the error less.
//
// Weights are read where they lie, one after the other, and written at once; the
// result is the same for any number of threads. The package appears under its name
// when it is complete.
package compress
