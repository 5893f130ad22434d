// Package budget bounds what one call of a tokenizer may do: steps, memory, and
// the time of patterns that backtrack, all in proportion to the text. A malformed
// file can so not turn a short text into minutes of work, and every loop that may
// be long looks at the context of the call.
//
// The loops ask with [Budget.Spend], whatever makes a text longer with
// [Budget.Fits]. Both say no once there is a reason to end; the reason stays in the
// budget, so that functions on the way need no error results. That keeps the
// innermost loops at one subtraction.
package budget
