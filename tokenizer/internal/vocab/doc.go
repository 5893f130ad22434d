// Package vocab maps tokens to ids and back, and has the two tables that models are
// built from: of pairs that merge, and of all beginnings of the tokens (a trie). All
// are plain arrays without pointers, which cost the garbage collector nothing.
package vocab
