// Package portable runs ML Programs on any system in pure Go.
//
// A function is lowered once into a plan: constants are decoded or kept as
// stored, constant expressions folded, every value given a slot and every slot a
// buffer by its lifetime, states bound so that updates happen in place. A
// prediction then runs the plan's steps in order over a frame, which holds the
// slots' values and is reused from prediction to prediction. Shapes are computed
// for each prediction, so that one plan serves every length: in a rehearsal before
// the first step (rehearse.go), so that what does not fit is found before a state is
// changed, or while the steps run.
//
// # Contexts
//
// Loops over elements look at the context every few ten thousand elements and throw
// when it has ended (poll.go). A test runs a large operation of every operator.
//
// # Numbers
//
// Inside a frame every floating-point value is float32 and every integer or
// boolean int32, whatever the program declares. A step computes in float32 and
// its result is rounded to the declared type; so a value of type fp16 always is
// one that fp16 can hold. State buffers, the caller's tensors and large constants
// stay in their own type and are widened where they are read.
//
// # The table
//
// Operators live in one table, a row each: the names of the operands, the shape
// rule, the definition (files op_*.go, a family each).
package portable
