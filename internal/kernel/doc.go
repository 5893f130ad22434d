// Package kernel is the arithmetic of the portable engine on plain slices:
// half conversion, dense vector operations, compressed weight matrices,
// matrix products and attention.
//
// Every function is defined in plain Go; amd64 has AVX2 twins of the hot ones and
// wider ones for AVX-512 where they gain most, with VNNI for int8 inputs and, on Linux,
// AMX for many vectors of them;
// arm64 has NEON ones, with the dot product extension where there is one. They are
// chosen once at start and dropped by the build tag noasm. The environment
// variable COREML_CPU (amx, avx512, avx2, neon or generic) caps the choice: the
// best variant at or below the cap runs, and [CPU] tells which one that is.
//
// The assembly and its declarations are written by a program, the module in the
// folder _asm, whose package kind names the families of kernels.
//
// Activations are float32. Half-precision data is []uint16 in IEEE binary16.
// No function allocates, but for the task types ([MatMulTask], [Attention]) and
// [Taps], which grow their scratch the first time a shape needs more.
//
// # Accuracy
//
// Every function has one result: the plain Go is its definition, to the last bit, and
// every variant computes the same on every processor, for any number of threads and any
// way of cutting the work (a NaN is a NaN, whatever its payload). The definition fixes
// the order of every sum (order.go) and the steps of the exponential (exp_order.go); in
// Go a product that is added to something is converted to its own type first, since a
// compiler may otherwise round the two once.
//
// Conversions are exact, and so are decoded weights. A sum of n products differs from the
// real number by at most 2n·eps·Σ|a·b| (eps = 2^-24). Without [QuantConfig.Fast] a row
// and a vector give the same bits whether the vector is alone or one of many.
// With it they do so among few vectors (quant_few.go, quant_words.go) and among many
// (quant_many.go), and vectors of different texts can be told apart by
// [MatMulTask.Alone]; the quantisation adds a bound of its own.
// The exponential is within 2 units in the last place of the exact value wherever the
// result is a normal number.
//
// # Misuse
//
// Slices that are too short for the sizes they come with are programmer errors
// and panic like an index out of range; sizes that come from a model are
// checked by the constructors, which return errors.
package kernel

//go:generate sh -c "cd _asm && GOWORK=off go run ."
