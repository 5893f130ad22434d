// Package kernel is the arithmetic of the portable engine on plain slices:
// half conversion, dense vector operations, compressed weight matrices,
// matrix products and attention.
//
// Every function is defined in plain Go; amd64 has AVX2 twins of the hot ones and
// wider ones for AVX-512 where they gain most, with VNNI for int8 inputs;
// arm64 has NEON ones, with the dot product extension where there is one. They are
// chosen once at start and dropped by the build tag noasm. The environment
// variable COREML_CPU (avx512, avx2, neon or generic) caps the choice: the
// best variant at or below the cap runs, and [CPU] tells which one that is.
//
// The assembly and its declarations are written by a program, the module in the
// folder _asm, whose package kind names the families of kernels.
//
// Activations are float32. Half-precision data is []uint16 in IEEE binary16.
// No function allocates, but for the task types ([MatMulTask], [Attention]),
// which grow their scratch the first time a shape needs more.
//
// # Accuracy
//
// Conversions are exact and bit-equal in every variant; so are decoded weights.
// A sum of n products differs from the real number by at most 2n·eps·Σ|a·b| (eps
// = 2^-24) in every variant. The kernels of 4-bit codes may sum scale·code and
// scale·offset apart, so their |a| is scale·(|code|+|offset|), with 8 as the
// offset of signed codes; an infinite input then gives NaN. The order of summation is fixed for a variant and never
// depends on how work is split, so neither thread count nor chunk borders change
// a bit of a result. Variants differ from one another within twice that bound.
// [QuantConfig.Fast] gives up more, by a bound of its own; its products of few vectors
// have the same bits in every variant.
// The vectorised exponential is within 2 units in the last place of the exact
// value wherever the result is a normal number.
//
// # Misuse
//
// Slices that are too short for the sizes they come with are programmer errors
// and panic like an index out of range; sizes that come from a model are
// checked by the constructors, which return errors.
package kernel

//go:generate sh -c "cd _asm && GOWORK=off go run ."
