// Package weight has compressed constants: the results of the constexpr operators,
// such as quantized and palettized weights.
//
// A [Weight] stays as it is stored. It is a tree of nodes over the stored bytes: a
// node reads a range of elements from the nodes below it, so that any combination
// of operators that a converter writes (an index table over a sparse mask with
// quantized scales) decodes without a case of its own. Layouts that the kernels
// multiply as they are stored are found by [Weight.Matrix]; every other one is
// decoded row by row.
//
// To add a format: a function in the table of constexpr.go that checks the
// operands and makes nodes, a node type if none fits and, for speed, its form
// in Matrix. Elements are numbered row-major over the dense shape. Codes of
// less than a byte are packed without gaps over the whole tensor, the lowest
// bits first, so a row may begin inside of a byte. Weights are immutable; any
// number of goroutines may read one.
package weight
