// Package plan lowers a function to steps over slots, once, when a model is
// loaded. A [Plan] is immutable afterwards and shared by all predictions.
//
// # The passes and their order
//
// [New] runs them; each has a file.
//
//  1. Dead code (dead.go): only what an output or a write of a state needs is
//     lowered, so that no later pass looks at the rest and none of its constants is
//     decoded.
//  2. Lowering (lower.go, operand.go): every value gets a slot and every operation becomes a
//     step. Constants become the content of slots, widened where the operator does
//     not read them as stored.
//  3. Fusion (fuse*.go, match.go): groups that converters write for attention, RMS norm, rotary
//     embedding and gated activation become one step. It comes before folding, which
//     may take steps out of a group, and before tails, which put steps between those
//     of one: patterns see what the converter wrote.
//  4. Tails (tail.go): the steps that cut an output to the rows that a caller asks
//     for move up before the row-wise steps that lead to the output. After fusion,
//     as a fused norm is row-wise and its parts are not.
//  5. Groups of products (fuse_products.go): linears that read one value become one
//     step, with the gate of a feed-forward block where it alone reads them
//     (fuse_gated.go). After the tails, which may cut the input of the last product and
//     so take it out of a group.
//  6. Folding (fold.go): steps whose operands are constants are computed, and their
//     results become constants. Before preparation, which reads constants.
//  7. Sharing (share.go): of steps that surely give the same integers, as the
//     arithmetic of shapes that exporters write in every layer does, the first stays.
//     After fusion, whose patterns are of whole layers, and after folding, which leaves
//     what depends on the inputs.
//  8. Preparation (prepare.go): operators look at their constant operands: weights
//     become the matrices that kernels read, biases of zeros go.
//  9. Numbers (number.go): steps get their positions. From here on none is added,
//     removed or moved.
//  10. States (states.go, views.go): which reads of a state may be views of its memory, and which
//     updates may be written in place. It compares positions.
//  11. Buffers (buffers.go): slots share memory where their lifetimes, views included,
//     do not overlap. It needs the positions, not the states' binding.
//  12. Readers (readers.go): what the engine needs to know which shapes to compute
//     anew when an input changes.
//
// Nothing depends on passes 3, 5, 6 and 7: the operators run everything that a program
// says. Tests compare plans with and without them, and with [NewNaive], which shares
// no memory.
package plan
