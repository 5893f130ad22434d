// Package decoder turns tokens back into text: the section "decoder" of
// tokenizer.json.
//
// A decoder is a list of steps, each of which gets all tokens and gives others; at the
// end they are joined. What a step may look at beside its token decides whether a
// stream can be decoded token by token:
//
//   - ByteLevel and ByteFallback (bytes.go) put characters together that begin in one
//     token and end in another.
//   - Metaspace and Strip (rewrite.go) treat the first token otherwise, or the ends of
//     a text behind Fuse. Replace looks at each token by itself.
//   - WordPiece, BPEDecoder and CTC (words.go) put spaces between tokens.
//
// [Spec.Steps] makes the steps. To add a type: a case there and its fields in
// [Fields].
package decoder
