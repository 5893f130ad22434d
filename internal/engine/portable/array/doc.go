// Package array has the numbers of a prediction: shapes over memory, the loops
// that walk it, and conversions between element types. It is the lowest room of
// the portable engine and knows neither operators nor programs.
//
// # Values
//
// A [Value] is a shape over a piece of memory: float32, int32, binary16 as it was
// stored, a compressed constant, texts, or no memory at all where only a shape is
// known. A dense value lies in row-major order. Any other one has a stride and a
// repetition for each dimension, so that slices, transpositions and repeated
// key-value heads are views and not copies.
//
// Whatever a program declares, numbers are computed as float32 or int32; what is
// stored in fewer bits is widened where it is read.
//
// # Contexts
//
// Loops look at the context every few ten thousand elements and panic with [Ended]
// when it has ended; the engine turns that into the context's error. So no loop has
// to hand on that it gave up. [Poller] has the loops, [Nest] walks several strided
// values together, and [Counter] serves loops whose steps differ in their work.
package array
