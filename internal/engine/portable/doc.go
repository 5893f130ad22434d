// Package portable runs ML Programs on any system in pure Go.
//
// It is the topmost of five rooms, each a package that imports only those below it:
//
//   - array: values, loops over them, conversions
//   - weight: compressed constants
//   - op: the table of operators and their definitions
//   - plan: the passes that turn a function into steps over slots
//   - portable: packages, predictions, states, the engine's seam
//
// # A prediction
//
// A function is lowered once into a plan. A prediction runs the plan's steps in
// order over a frame, which holds the slots' values and is reused from prediction to
// prediction. Shapes are computed for each prediction, so that one plan serves every
// length: in a rehearsal before the first step (rehearse.go), so that what does not
// fit is found before a state is changed, or while the steps run. A series of
// predictions that only grow needs no rehearsal (follow.go).
//
// Several predictions at once go through the plan side by side (many.go, group.go): each
// in a frame of its own, but for the products by constant matrices, which are made for
// all of them together.
//
// # Numbers
//
// Inside a frame every floating-point value is float32 and every integer or
// boolean int32, whatever the program declares. State buffers, the caller's tensors
// and large constants stay in their own type and are widened where they are read.
package portable
