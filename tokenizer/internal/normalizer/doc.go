// Package normalizer rewrites a text before it is cut: the section "normalizer" of
// tokenizer.json.
//
// Each [Step] is there twice, as text alone and with the places in the original. The
// first is what encoding uses: many texts need no change, and are then not copied.
// The exhaustive test compares the two on every code point.
//
// Which characters are letters, marks or white space depends on the version of Unicode,
// and the parts of the reference have different ones; package uni has the tables of each.
// A text is normalized to what the model saw in its training, not to what Unicode says
// today.
//
// To add a normalizer: a case in Spec.step, or in [Spec.Steps] where it is several, its
// fields in [Fields], and named cases in the test.
package normalizer
