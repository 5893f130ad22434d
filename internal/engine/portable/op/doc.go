// Package op has the operators of ML Programs: a table with a row for each, and
// the definitions, a file for each family.
//
// # The table
//
// An [Operator] owns all that is known of it: the operands, the rule for the
// results' shapes, the definition, and what the planner asks: whether results may
// be views, what folding it costs, whether it works row by row, how many results it
// has. A new operator is a row and its functions in the file of its family. Beside
// that only the texts that operands choose from (enums.go), the patterns of fusion
// (package plan) and tests name operators.
//
// # What a definition sees
//
// A [Call] is one step of one prediction. Its [Binding] says which slots hold the
// operands and results, its [Env] has the slots' values, their memory, the threads,
// the states and the context. The functions F32 and I32 give an operand's
// elements dense, whatever form it has; c.newF32 and c.newI32 give a result its
// memory; c.view makes a result that shows an operand's memory.
//
// What an operator works out of constant operands when the plan is made (Prepare)
// is Binding.Data, of one type for each operator, read with dataOf. What a step
// keeps from prediction to prediction (Local), such as scratch memory, is read with
// localOf. So a prediction whose shapes were seen before allocates nothing.
//
// # Numbers
//
// A definition computes in float32 and its result is rounded to the declared type,
// so a value of type fp16 always is one that fp16 can hold. An operator that marks
// itself exact rounds by itself or has nothing to round.
//
// # Fused operators
//
// The files fused_*.go have operators that no program names. Package plan puts them
// in the place of groups of steps that it recognises.
package op
