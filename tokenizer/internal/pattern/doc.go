// Package pattern finds the matches of the patterns that tokenizers cut and replace
// with.
//
// The patterns of the models in use are written as functions, which known.go lists
// by the exact text of the pattern; an engine takes several times as long.
// Every other pattern is translated from Oniguruma's syntax to that of .NET and run
// by a backtracking engine with limits.
package pattern
