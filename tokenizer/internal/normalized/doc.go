// Package normalized is the text under way to its tokens, which remembers where in
// the original each of its bytes comes from: the NormalizedString of Hugging Face
// tokenizers. The offsets of tokens come from here.
package normalized
