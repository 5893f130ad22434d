// Package tensor holds arrays of numbers of any rank and the operations on
// them that Apple's MLTensor has.
package tensor
